#include "tests/e2e/conformance/harness.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

namespace isthmus::test {
namespace {

constexpr const char* kHostLocalDir = "/run/host-local";

std::string describe(const Outcome& outcome) {
  return "status " + std::to_string(outcome.status) + ", signal " + std::to_string(outcome.signal) +
         (outcome.timed_out ? ", timed out" : "") + ", stdout '" + outcome.out.substr(0, 2000) + "', stderr '" +
         outcome.err.substr(0, 2000) + "'";
}

bool is_one_error(const Json& error) {
  return error.is_object() && error.contains("code") && error["code"].is_number_unsigned() && error.contains("msg") &&
         error["msg"].is_string() && !error["msg"].get<std::string>().empty() &&
         (!error.contains("details") || error["details"].is_string());
}

bool mount_afresh(const char* path) {
  umount2(path, MNT_DETACH);
  return mount("tmpfs", path, "tmpfs", 0, "mode=0755") == 0;
}

}  // namespace

std::string plugin_path() {
  const char* given = getenv("ISTHMUS_BIN");
  return given != nullptr && *given != '\0' ? given : ISTHMUS_DEFAULT_BIN;
}

std::string plugin_type() { return std::filesystem::path(plugin_path()).filename(); }
bool is_isthmus() { return plugin_type() == "isthmus"; }
std::string newest_version() { return is_isthmus() ? "1.1.0" : "1.0.0"; }

Call::Call(const std::string& verb, std::string input) {
  setup.argv = {plugin_path()};
  setup.input = std::move(input);
  setup.env = {{"CNI_COMMAND", verb},
               {"CNI_CONTAINERID", "c1"},
               {"CNI_NETNS", "/run/netns/pod"},
               {"CNI_IFNAME", "eth0"},
               {"CNI_PATH", std::string(kFakeBin) + ":" + kOfficialPlugins},
               {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"},
               {kMarker, std::to_string(getpid())}};
  for (const char* passed : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "LLVM_PROFILE_FILE"})
    if (const char* value = getenv(passed)) setup.env[passed] = value;
}

Call& Call::env(const std::string& name, const std::string& value) {
  setup.env[name] = value;
  return *this;
}

Call& Call::without(const std::string& name) {
  setup.env.erase(name);
  return *this;
}

testing::AssertionResult succeeded(const Outcome& outcome) {
  if (outcome.timed_out || outcome.status != 0) return testing::AssertionFailure() << describe(outcome);
  if (outcome.out.empty()) return testing::AssertionSuccess();
  Json out = Json::parse(outcome.out, nullptr, false);
  if (out.is_object() && !out.contains("code")) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "exit 0 but not one result: " << describe(outcome);
}

testing::AssertionResult failed(const Outcome& outcome) {
  Json error = Json::parse(outcome.out, nullptr, false);
  if (!outcome.timed_out && outcome.status > 0 && is_one_error(error)) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "not a failure with one error object: " << describe(outcome);
}

testing::AssertionResult failed_with(unsigned code, const Outcome& outcome) {
  if (auto well_formed = failed(outcome); !well_formed) return well_formed;
  if (Json::parse(outcome.out)["code"] == code) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "not code " << code << ": " << describe(outcome);
}

Json error_of(const Outcome& outcome) {
  EXPECT_TRUE(failed(outcome));
  Json error = Json::parse(outcome.out, nullptr, false);
  return is_one_error(error) ? error : Json{{"code", 0}, {"msg", ""}};
}

std::string error_text(const Outcome& outcome) {
  Json error = error_of(outcome);
  return error.value("msg", "") + "; " + error.value("details", "");
}

Json result_of(const Outcome& outcome) {
  EXPECT_TRUE(succeeded(outcome));
  Json result = Json::parse(outcome.out, nullptr, false);
  EXPECT_TRUE(result.is_object()) << describe(outcome);
  return result.is_object() ? result : Json::object();
}

std::string prefix_of(const Json& result) {
  const Json ips = result.value("ips", Json::array());
  return ips.empty() ? "" : ips[0].value("address", "");
}

std::string address_of(const Json& result) {
  const std::string prefix = prefix_of(result);
  return prefix.substr(0, prefix.find('/'));
}

std::string host_end_of(const Json& result) {
  for (const Json& interface : result.value("interfaces", Json::array()))
    if (interface.value("sandbox", "").empty()) return interface.value("name", "");
  return "";
}

Json with_prev(Json conf, const Json& result) {
  conf["prevResult"] = result;
  return conf;
}

Json with_valid(Json conf, const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json list = Json::array();
  for (const auto& [id, ifname] : pairs)
    list.push_back({{"containerID", id}, {"ifname", ifname}});
  conf["cni.dev/valid-attachments"] = list;
  return conf;
}

void Conformance::SetUp() {
  PrivateHost::SetUp();
  if (IsSkipped() || HasFatalFailure()) return;
  signal(SIGPIPE, SIG_IGN);
  ASSERT_EQ(unshare(CLONE_NEWNET), 0);
  ASSERT_TRUE(mount_afresh("/run") && mount_afresh("/etc/netns"));
  ASSERT_EQ(mkdir("/run/netns", 0755), 0);
  shell("ip link set lo up");
  make_pod("pod");
}

void Conformance::TearDown() {
  pods_.clear();
  for (int pid : marked_processes())
    kill(pid, SIGKILL);
}

Json Conformance::conf(const std::string& version) {
  Json ipam = {{"type", is_isthmus() ? "isthmus" : "host-local"},
               {"subnet", "10.244.1.0/24"},
               {"routes", Json::array({{{"dst", "0.0.0.0/0"}}})}};
  if (!is_isthmus()) ipam["dataDir"] = kHostLocalDir;
  Json result = {{"cniVersion", version}, {"name", "net1"}, {"type", plugin_type()}, {"ipam", ipam}};
  if (is_isthmus()) result.update({{"mode", "ptp"}, {"stateDir", kStateDir}});
  return result;
}

Json Conformance::dual_stack_conf(const std::string& version) {
  Json result = conf(version);
  result["ipam"].erase("subnet");
  result["ipam"]["ranges"] =
      Json::array({Json::array({{{"subnet", "10.244.1.0/24"}}}), Json::array({{{"subnet", "fd00:244:1::/64"}}})});
  result["ipam"]["routes"] = Json::array({{{"dst", "0.0.0.0/0"}}, {{"dst", "::/0"}}});
  return result;
}

Json Conformance::delegated_conf(const std::string& ipam_type, const std::string& version) {
  Json result = conf(version);
  result["ipam"] = {{"type", ipam_type}};
  return result;
}

Json Conformance::add(const Json& conf, const std::string& id, const std::string& pod) {
  return result_of(call("ADD", conf).id(id).pod(pod).run());
}

Outcome Conformance::del(const Json& conf, const std::string& id, const std::string& pod) {
  return call("DEL", conf).id(id).pod(pod).run();
}

const NamedNetns& Conformance::make_pod(const std::string& name) {
  pods_.erase(name);  // first, for both have the same path
  pods_[name] = std::make_unique<NamedNetns>(name);
  return *pods_[name];
}

Picture Conformance::picture() const {
  std::vector<std::string> names;
  for (const auto& [name, pod] : pods_)
    names.push_back(name);
  return Picture(names);
}

std::map<std::string, std::string> Conformance::leases(const std::string& network) {
  const std::string directory =
      is_isthmus() ? std::string(kStateDir) + "/networks/" + network + "/leases" : kHostLocalDir + ("/" + network);
  std::map<std::string, std::string> result;
  for (const std::string& name : names_in(directory))
    if (name.find_first_not_of("0123456789abcdef.:") == std::string::npos)
      result[name] = read_file(directory + "/" + name);
  return result;
}

std::string Conformance::record_path(const std::string& name, const std::string& network) {
  return std::string(kStateDir) + "/networks/" + network + "/attachments/" + name;
}

std::set<std::string> Conformance::records(const std::string& network) { return names_in(record_path("", network)); }

}  // namespace isthmus::test
