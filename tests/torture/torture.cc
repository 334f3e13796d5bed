#include "tests/torture/torture.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <thread>

namespace isthmus::test {

bool is_whole() {
  const char* how = getenv("ISTHMUS_TORTURE");
  return how != nullptr && std::string(how) == "whole";
}

const std::vector<NetworkKind> kNetworkKinds = {
    {"ptp_embedded", "ptp", "isthmus"},
    {"ptp_delegated", "ptp", "host-local"},
    {"bridge_embedded", "bridge", "isthmus"},
    {"bridge_delegated", "bridge", "host-local"},
};

int place_of(const NetworkKind& kind) {
  int place = 0;
  while (kNetworkKinds[static_cast<std::size_t>(place)].name != kind.name)
    ++place;
  return place;
}

std::size_t share_of(const NetworkKind& kind, std::size_t sample) {
  return std::max<std::size_t>(std::string(kind.mode) == "ptp" ? sample / 2 : sample / 6,
                               std::min<std::size_t>(sample, 3));
}

Json conf_of(const NetworkKind& kind) {
  Json ipam = {{"type", kind.ipam},
               {"ranges", Json::array({Json::array({{{"subnet", "10.244.1.0/24"}}}),
                                       Json::array({{{"subnet", "fd00:244:1::/64"}}})})},
               {"routes", Json::array({{{"dst", "0.0.0.0/0"}}, {{"dst", "::/0"}}})}};
  if (std::string(kind.ipam) == "host-local") ipam["dataDir"] = "/run/host-local";
  // Official delegates of Debian 12 know 1.0.0.
  Json conf = {{"cniVersion", "1.0.0"}, {"name", "net1"},
               {"type", "isthmus"},     {"mode", kind.mode},
               {"stateDir", kStateDir}, {"ipMasq", true},
               {"ipam", ipam},          {"dns", {{"nameservers", {"10.0.0.10"}}, {"writeNetnsResolvConf", true}}}};
  if (std::string(kind.mode) == "bridge") conf["isGateway"] = true;
  return conf;
}

void Torture::SetUp() {
  Conformance::SetUp();
  if (IsSkipped() || HasFatalFailure()) return;
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  shell(
      "ip link add up0 type veth peer name up1 && ip link set up0 addrgenmode none && "
      "ip link set up1 addrgenmode none && ip addr add 198.51.100.2/24 dev up0 && ip link set up0 up && "
      "ip link set up1 up && ip route add default via 198.51.100.1 && ip -6 route add default dev up0");
  host_.emplace();
  renew_pod();
}

void Torture::use_network(const NetworkKind& kind) {
  if (IsSkipped() || HasFatalFailure()) return;
  conf_ = conf_of(kind);
  add_ = command("ADD", conf_);
  del_ = command("DEL", conf_);
  Traced added = finish(add_);
  EXPECT_EQ(added.status, 0) << told(added);
  EXPECT_EQ(finish(del_).status, 0);
  settle();
  remember();
}

void Torture::expect_success(Tally& tally, const std::string& where, const char* what, const Command& command) {
  Traced done = finish(command);
  if (done.status != 0) tally.wrong(where, std::string(what) + ": " + told(done));
}

void Torture::TearDown() {
  collect_children(2000);
  Conformance::TearDown();
}

Command Torture::command(const std::string& verb, const Json& conf) {
  const Call call(verb, conf);
  Command command{call.setup.argv, {}, call.setup.input};
  for (const auto& [name, value] : call.setup.env)
    if (name != kMarker) command.environment.push_back(name + "=" + value);
  command.environment.push_back("CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=web");
  return command;
}

Command Torture::without_netns(Command command) {
  std::erase_if(command.environment, [](const std::string& variable) { return variable.starts_with("CNI_NETNS="); });
  return command;
}

Command Torture::gc_command() {
  return {{plugin_path(), "gc", "--here", "--yes", "--older-than", "0s", "--runtime", "none"},
          {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
          {},
          true};
}

void Torture::renew_pod() {
  inside_.reset();
  inside_.emplace(make_pod("pod").path());
}

void Torture::lose_pod() {
  inside_.reset();
  remove_pod("pod");
  await_lost_links();
}

void Torture::await_lost_links() const {
  for (int i = 0; i < 200 && host_links() != links_before_; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

void Torture::forget_state() {
  std::filesystem::remove_all(kStateDir);
  write_file("/proc/sys/net/ipv4/ip_forward", "0");
  write_file("/proc/sys/net/ipv6/conf/all/forwarding", "0");
}

Facts Torture::facts() const {
  Facts facts;
  host_->see("host", facts);
  inside_->see("pod", facts);
  see_nftables(facts);
  see_mounts(facts);
  for (const char* root : {kStateDir, "/run/host-local", "/etc/netns"})
    see_files(root, facts);
  return facts;
}

void Torture::settle() const {
  collect_children(2000);
  // Longer than the kernel's grace period, after which it finishes what it deferred.
  constexpr auto kQuiet = std::chrono::milliseconds(60);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  for (Facts last = facts(); std::chrono::steady_clock::now() < end;) {
    std::this_thread::sleep_for(kQuiet);
    Facts now = facts();
    if (now == last) return;
    last = std::move(now);
  }
}

std::vector<std::string> Torture::changes_since() {
  std::vector<std::string> changes = collect_children(5000);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  std::vector<std::string> differ = differences(before_, facts());
  while (!differ.empty() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    differ = differences(before_, facts());
  }
  changes.insert(changes.end(), differ.begin(), differ.end());
  return changes;
}

bool Torture::works(const Traced& added) {
  Json result = Json::parse(added.out, nullptr, false);
  if (!result.is_object() || !result.contains("ips")) return false;
  const std::string gateway = result["ips"][0].value("gateway", "");
  return reaches("", address_of(result)) && reaches("pod", gateway);
}

Tally::~Tally() {
  std::cout << what_ << ": " << points_ << " points, " << wrongs_ << " wrong\n";
  EXPECT_GT(points_, 0) << what_;
  EXPECT_EQ(wrongs_, 0) << what_;
}

void Tally::wrong(const std::string& where, const std::string& what) {
  // The first few tell enough.
  if (++wrongs_ <= 20) std::cout << what_ << ", " << where << ": " << what << "\n";
}

void Tally::wrong(const std::string& where, const std::vector<std::string>& all) {
  if (all.empty()) return;
  std::string text;
  for (const std::string& line : all)
    text += "\n    " + line;
  wrong(where, text);
}

std::string told(const Traced& traced) {
  return (traced.signal != 0 ? "signal " + std::to_string(traced.signal) : "exit " + std::to_string(traced.status)) +
         ": " + traced.out + traced.err;
}

std::string place(const Stop& stop) {
  static const std::map<long, const char*> kNames = {{SYS_openat, "openat"},
                                                     {SYS_openat2, "openat2"},
                                                     {SYS_read, "read"},
                                                     {SYS_write, "write"},
                                                     {SYS_close, "close"},
                                                     {SYS_sendto, "sendto"},
                                                     {SYS_sendmsg, "sendmsg"},
                                                     {SYS_recvmsg, "recvmsg"},
                                                     {SYS_recvfrom, "recvfrom"},
                                                     {SYS_linkat, "linkat"},
                                                     {SYS_renameat, "renameat"},
                                                     {SYS_unlinkat, "unlinkat"},
                                                     {SYS_mkdirat, "mkdirat"},
                                                     {SYS_fcntl, "fcntl"},
                                                     {SYS_clone3, "clone3"},
                                                     {SYS_clone, "clone"},
                                                     {SYS_setns, "setns"},
                                                     {SYS_mmap, "mmap"},
                                                     {SYS_munmap, "munmap"},
                                                     {SYS_brk, "brk"},
                                                     {SYS_futex, "futex"},
                                                     {SYS_pread64, "pread"},
                                                     {SYS_pwrite64, "pwrite"},
                                                     {SYS_socket, "socket"},
                                                     {SYS_bind, "bind"},
                                                     {SYS_fchmod, "fchmod"},
                                                     {SYS_statx, "statx"},
                                                     {SYS_ioctl, "ioctl"},
                                                     {SYS_wait4, "wait4"},
                                                     {SYS_getdents64, "getdents"},
                                                     {SYS_setsockopt, "setsockopt"},
                                                     {SYS_ppoll, "ppoll"},
                                                     {SYS_newfstatat, "fstatat"},
                                                     {SYS_execve, "execve"},
                                                     {SYS_mprotect, "mprotect"}};
  auto name = kNames.find(stop.call);
  std::string call = name == kNames.end() ? "system call " + std::to_string(stop.call) : name->second;
  return std::string(stop.entry ? "before " : "after ") + call + " (stop " + std::to_string(stop.index) + ")";
}

std::vector<Stop> record_stops(const Command& command) {
  std::vector<Stop> stops;
  trace(command, [&](const Stop& stop) {
    stops.push_back(stop);
    return Order{};
  });
  return stops;
}

std::vector<int> choose_stops(const std::vector<Stop>& all, std::size_t most) {
  auto reads_stdin = [](const Stop& stop) { return stop.is(SYS_read) && stop.argument[0] == STDIN_FILENO; };
  auto begin = std::find_if(all.begin(), all.end(), reads_stdin);
  if (begin == all.end()) begin = all.begin();
  static const std::vector<long> kChanging = {SYS_sendto,   SYS_sendmsg, SYS_linkat, SYS_renameat, SYS_unlinkat,
                                              SYS_mkdirat,  SYS_write,   SYS_clone3, SYS_clone,    SYS_setns,
                                              SYS_pwrite64, SYS_umount2, SYS_mount,  SYS_fchmod};
  std::vector<int> changing, looking;
  for (auto stop = begin; stop != all.end(); ++stop) {
    bool changes = std::find(kChanging.begin(), kChanging.end(), stop->call) != kChanging.end();
    (changes ? changing : looking).push_back(stop->index);
  }
  std::vector<int> chosen;
  auto take = [&](const std::vector<int>& from, std::size_t count) {
    if (count == 0 || from.empty()) return;
    const double step = std::max(1.0, static_cast<double>(from.size()) / static_cast<double>(count));
    for (double at = 0; at < static_cast<double>(from.size()); at += step)
      chosen.push_back(from[static_cast<std::size_t>(at)]);
  };
  const std::size_t of_changing = std::min(changing.size(), most * 2 / 3);
  take(changing, of_changing);
  take(looking, most - of_changing);
  if (begin != all.begin()) chosen.insert(chosen.end(), {1, begin->index / 2});
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace isthmus::test
