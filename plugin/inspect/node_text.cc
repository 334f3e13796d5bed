#include <algorithm>
#include <map>

#include "plugin/inspect/node.h"
#include "plugin/reap/managed.h"

namespace isthmus {

std::string NodeNetns::ip_netns_name() const {
  for (const NetnsMount& name : seen.names) {
    if (directory_of(canonical_run_path(name.mount_point)) == "/run/netns") return last_part(name.mount_point);
  }
  return {};
}

std::string NodeNetns::label() const {
  if (is_host) return "(host)";
  if (std::string name = ip_netns_name(); !name.empty()) return name;
  if (!seen.names.empty()) return seen.names.front().mount_point;
  return "net:[" + std::to_string(seen.inode) + "]";
}

std::string container_of_cgroup(std::string_view text) {
  constexpr std::size_t kIdLength = 64;
  auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  std::string_view innermost;
  std::size_t run = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && is_hex(text[i])) {
      ++run;
      continue;
    }
    if (run == kIdLength) innermost = text.substr(i - run, run);
    if (!innermost.empty() && i < text.size() && text[i] == '\n') break;
    run = 0;
  }
  return std::string(innermost);
}

// "pid 7: Permission denied" and "descriptors of pid 7: Permission denied": the number is what differs.
std::vector<std::string> sum_up_holes(const std::vector<std::string>& unreadable) {
  struct Group {
    std::size_t count = 0;
    std::string first;
  };
  std::map<std::pair<std::string, std::string>, Group> groups;
  for (const std::string& hole : unreadable) {
    std::size_t number = hole.find_first_of("0123456789");
    std::size_t colon = hole.rfind(": ");
    std::string kind = hole.substr(0, std::min(number, colon));
    Group& group = groups[{kind, colon == std::string::npos ? std::string() : hole.substr(colon + 2)}];
    if (group.count++ == 0) group.first = hole;
  }
  std::vector<std::string> texts;
  for (const auto& [key, group] : groups) {
    std::string text = group.first;
    if (group.count > 1) text += " (and " + std::to_string(group.count - 1) + " more like it)";
    if (key.second == "Permission denied") text += "; needs CAP_SYS_PTRACE";
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace isthmus
