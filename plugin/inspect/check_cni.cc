// CNI configuration that the runtime will not load. containerd takes the first file by name, and a fault in its form
// fails the whole load: the node is NotReady. Others are met only when a pod is to be started. CRI-O takes the first
// file that has no fault.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "netns/file.h"
#include "plugin/cni/ids.h"
#include "plugin/cni/version.h"
#include "plugin/inspect/doctor.h"

namespace isthmus {
namespace {

constexpr std::size_t kLargestConfig = std::size_t{1} << 20;

bool is_configuration(std::string_view name) {
  return name.ends_with(".conf") || name.ends_with(".conflist") || name.ends_with(".json");
}

std::vector<std::string> files_in(const std::string& directory) {
  std::vector<std::string> names;
  std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(directory.c_str()), closedir);
  if (!stream) return names;
  while (const dirent* entry = readdir(stream.get()))
    if (is_configuration(entry->d_name)) names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  return names;
}

bool is_program(const std::string& path) {
  struct stat found {};
  return stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && access(path.c_str(), X_OK) == 0;
}

std::string join(const std::vector<std::string>& texts, const char* between) {
  std::string all;
  for (const std::string& text : texts)
    all += (all.empty() ? "" : between) + text;
  return all;
}

struct Fault {
  std::string text;      // empty: none
  bool of_form = false;  // containerd does not load it
};
Fault of_form(std::string text) { return {std::move(text), true}; }

// What is wrong with one plugin of a list.
Fault fault_of_plugin(const nlohmann::json& plugin, const std::vector<std::string>& bin_dirs) {
  if (!plugin.is_object()) return of_form("a plugin is no object");
  auto type = plugin.find("type");
  if (type == plugin.end() || !type->is_string() || type->get<std::string>().empty())
    return of_form("a plugin has no 'type'");
  auto missing = [&](const std::string& name) {
    return std::none_of(bin_dirs.begin(), bin_dirs.end(),
                        [&](const std::string& dir) { return is_program(dir + "/" + name); });
  };
  const std::string name = type->get<std::string>();
  if (missing(name)) return {"its plugin '" + name + "' is in none of " + join(bin_dirs, ", ")};
  auto ipam = plugin.find("ipam");
  if (ipam == plugin.end() || !ipam->is_object()) return {};
  auto ipam_type = ipam->find("type");
  if (ipam_type == ipam->end() || !ipam_type->is_string()) return {};
  const std::string delegate = ipam_type->get<std::string>();
  // isthmus as "ipam" of itself is embedded.
  if (delegate.empty() || delegate == name || !missing(delegate)) return {};
  return {"its ipam plugin '" + delegate + "' is in none of " + join(bin_dirs, ", ")};
}

// Of what stands beside the plugins.
Fault fault_of_head(const nlohmann::json& document) {
  auto network = document.find("name");
  if (network == document.end() || !network->is_string() || network->get<std::string>().empty())
    return of_form("it has no 'name'");
  auto version = document.find("cniVersion");
  if (version != document.end() && !version->is_string()) return of_form("its 'cniVersion' is no string");
  auto check = document.find("disableCheck");
  if (check != document.end() && !check->is_boolean()) return of_form("its 'disableCheck' is neither true nor false");
  if (version != document.end() && !parse_version(version->get<std::string>()))
    return {"its 'cniVersion' is '" + version->get<std::string>() + "', which is no version of the specification"};
  if (!NetworkName::parse(network->get<std::string>()))
    return {"its name '" + network->get<std::string>() + "' is none that the specification allows"};
  return {};
}

Fault fault_of(const std::string& name, const std::string& text, const std::vector<std::string>& bin_dirs) {
  auto document = nlohmann::json::parse(text, nullptr, false);
  if (document.is_discarded()) {
    bool with_comments = !nlohmann::json::parse(text, nullptr, false, true).is_discarded();
    return of_form(with_comments ? "it has comments, which no runtime accepts" : "it is no JSON");
  }
  if (!document.is_object()) return of_form("it is no JSON object");
  Fault fault = fault_of_head(document);
  if (fault.of_form) return fault;
  if (!name.ends_with(".conflist")) {
    if (document.contains("plugins")) return of_form("it is a list of plugins, but its name does not end in .conflist");
    Fault of_plugin = fault_of_plugin(document, bin_dirs);
    return of_plugin.of_form || fault.text.empty() ? of_plugin : fault;
  }
  auto plugins = document.find("plugins");
  if (plugins == document.end() || !plugins->is_array() || plugins->empty()) return of_form("it has no 'plugins'");
  for (const auto& plugin : *plugins) {
    Fault of_plugin = fault_of_plugin(plugin, bin_dirs);
    if (of_plugin.of_form) return of_plugin;
    if (fault.text.empty()) fault = std::move(of_plugin);
  }
  return fault;
}

const char* why_it_hurts(const Fault& fault, bool first) {
  if (!first) return "a runtime that reads more than the first file fails on it";
  return fault.of_form ? "it sorts first: containerd loads nothing then and the node is NotReady; CRI-O takes the next"
                       : "it sorts first: containerd takes it, and the node looks ready, but no pod can be started";
}

}  // namespace

void check_cni(const DoctorQuestion& question, Findings& findings, std::vector<std::string>& holes) {
  auto dir = open_directory(question.cni_conf_dir);
  if (!dir) {
    // A node without any CNI runtime has none.
    if (dir.error().err != ENOENT) holes.push_back(dir.error().text());
    return;
  }
  const auto names = files_in(question.cni_conf_dir);
  for (const std::string& name : names) {
    const bool first = name == names.front();
    const std::string path = question.cni_conf_dir + "/" + name;
    // A symbolic link is followed: it is how some installers publish their file.
    std::array<char, PATH_MAX> resolved{};
    auto text = realpath(path.c_str(), resolved.data()) == nullptr
                    ? Result<std::string>(errno_error("read", "'" + path + "'"))
                    : read_small_file(FdRef::borrow(AT_FDCWD), resolved.data(), kLargestConfig);
    Fault fault = text ? fault_of(name, *text, question.cni_bin_dirs) : of_form(text.error().text());
    if (fault.text.empty()) continue;
    findings.push_back({"cni", first ? Severity::critical : Severity::warning, path,
                        std::string(path).append(" cannot be used: ").append(fault.text), why_it_hurts(fault, first),
                        "mend it, or rename it so that it does not end in .conf, .conflist or .json"});
  }
  if (names.size() > 1) {
    std::vector<std::string> others(names.begin() + 1, names.end());
    findings.push_back({"cni", Severity::note, question.cni_conf_dir,
                        names.front() + " is the network of this node; " + join(others, ", ") + " sort behind it",
                        "containerd and CRI-O use the first by name only",
                        "rename the one that is wanted, or remove the others"});
  }
}

}  // namespace isthmus
