#include "plugin/reap/managed.h"

#include <algorithm>

namespace isthmus {
namespace {

bool is_hex(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text.substr(i, 1))) return false;
  }
  return true;
}

// containerd's five groups have no leading zeros, so their lengths vary.
bool is_containerd_name(std::string_view text) {
  if (!text.starts_with("cni-")) return false;
  text.remove_prefix(4);
  int groups = 0;
  while (true) {
    std::size_t dash = text.find('-');
    if (!is_hex(text.substr(0, dash))) return false;
    ++groups;
    if (dash == std::string_view::npos) return groups == 5;
    text.remove_prefix(dash + 1);
  }
}

}  // namespace

std::string directory_of(std::string_view path) { return std::string(path.substr(0, path.rfind('/'))); }

std::string last_part(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

std::string canonical_run_path(std::string_view path) {
  return std::string(path.starts_with("/var/run/") ? path.substr(4) : path);
}

ManagedDirectories::ManagedDirectories(std::vector<std::string> roots) : fixed_{"/run/netns", "/run/docker/netns"} {
  for (std::string& root : roots) {
    while (root.size() > 1 && root.back() == '/')
      root.pop_back();
    root = canonical_run_path(root);
    if (std::find(fixed_.begin(), fixed_.end(), root) == fixed_.end()) fixed_.push_back(std::move(root));
  }
}

bool ManagedDirectories::holds(std::string_view path) const {
  const std::string directory = directory_of(canonical_run_path(path));
  if (std::find(fixed_.begin(), fixed_.end(), directory) != fixed_.end()) return true;
  // containerd with netns_mounts_under_state_dir.
  return directory.starts_with("/run/containerd/") && directory.ends_with("/netns");
}

std::string runtime_of_name(std::string_view path) {
  const std::string name = last_part(path);
  if (directory_of(path).ends_with("/docker/netns")) return name.size() == 12 && is_hex(name) ? "docker" : "";
  if (is_containerd_name(name)) return "containerd";
  if (name.starts_with("netns-") && is_uuid(std::string_view(name).substr(6))) return "podman";
  return is_uuid(name) ? "CRI-O" : "";
}

}  // namespace isthmus
