#include "plugin/reap/claims.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>

#include "netns/file.h"

namespace isthmus {
namespace {

constexpr std::size_t kLargestFile = std::size_t{16} << 20;

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(directory.c_str()), closedir);
  if (!stream) return names;
  while (const dirent* entry = readdir(stream.get())) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  return names;
}

// The text of a JSON string that follows `key`, as far as names go: no escapes.
std::string value_behind(const std::string& json, const std::string& key) {
  std::size_t at = json.find("\"" + key + "\"");
  if (at == std::string::npos) return {};
  std::size_t open = json.find('"', json.find(':', at));
  std::size_t close = open == std::string::npos ? open : json.find('"', open + 1);
  return close == std::string::npos ? std::string() : json.substr(open + 1, close - open - 1);
}

bool ends_a_path(char c) {
  return c == '"' || c == '\'' || c == '\n' || c == ' ' || c == '\\' || c == ',' || c == '\0';
}

}  // namespace

std::string container_of_cache(const std::string& json) { return value_behind(json, "containerId"); }

void Claims::read_text(const std::string& text, const Claim& claim, const std::set<std::string>& directories) {
  for (const std::string& directory : directories) {
    const std::string prefix = directory + "/";
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at + 1)) {
      std::size_t end = at + prefix.size();
      while (end < text.size() && !ends_a_path(text[end]) && text[end] != '/')
        ++end;
      auto& claims = by_path_[text.substr(at, end - at)];
      auto same = [&](const Claim& known) { return known.file == claim.file; };
      if (std::none_of(claims.begin(), claims.end(), same)) claims.push_back(claim);
    }
  }
}

void Claims::read_file(const std::string& path,
                       const std::string& container_id,
                       const std::set<std::string>& directories) {
  auto text = read_small_file(FdRef::borrow(AT_FDCWD), path, kLargestFile);
  if (text)
    return read_text(*text, {path, container_id.empty() ? container_of_cache(*text) : container_id}, directories);
  int err = text.error().err;
  // Gone meanwhile, or no file: a link to a unit of systemd is followed where it leads.
  if (err == ENOENT || err == ENOTDIR || err == EISDIR || err == ELOOP || err == EINVAL || err == ENXIO) return;
  holes_.push_back(path + ": " + strerror(err));
}

void Claims::read_places(const std::set<std::string>& directories, Deadline deadline) {
  auto late = [&] {
    if (!deadline.passed()) return false;
    holes_.emplace_back("claims: the time was up");
    return true;
  };
  for (const char* cache : {"/var/lib/cni/results", "/var/lib/cni/cache/results"}) {
    for (const std::string& name : names_in(cache)) {
      if (late()) return;
      read_file(std::string(cache) + "/" + name, {}, directories);
    }
  }
  // One directory for each container, named by its id.
  struct Bundles {
    std::string parent;
    const char* file;
  };
  std::vector<Bundles> bundles = {{"/run/runc", "state.json"},
                                  {"/run/crun", "config.json"},
                                  {"/run/containers/storage/overlay-containers", "userdata/config.json"},
                                  {"/var/lib/containers/storage/overlay-containers", "userdata/config.json"},
                                  {"/run/docker/runtime-runc/moby", "state.json"}};
  for (const char* root :
       {"/run/containerd/io.containerd.runtime.v2.task", "/run/k3s/containerd/io.containerd.runtime.v2.task"}) {
    for (const std::string& ns : names_in(root))
      bundles.push_back({std::string(root) + "/" + ns, "config.json"});
  }
  for (const std::string& ns : names_in("/run/containerd/runc")) {
    bundles.push_back({"/run/containerd/runc/" + ns, "state.json"});
  }
  for (const Bundles& one : bundles) {
    for (const std::string& id : names_in(one.parent)) {
      if (late()) return;
      read_file(one.parent + "/" + id + "/" + one.file, id, directories);
    }
  }
  for (const char* units :
       {"/etc/systemd/system", "/run/systemd/system", "/run/systemd/transient", "/usr/lib/systemd/system"}) {
    for (const std::string& name : names_in(units)) {
      if (late()) return;
      if (name.ends_with(".service") || name.ends_with(".socket"))
        read_file(std::string(units) + "/" + name, {}, directories);
    }
  }
  read_file("/etc/isthmus/pinned", {}, directories);
}

Claims Claims::collect(const std::set<std::string>& directories, Deadline deadline) {
  Claims claims;
  claims.read_places(directories, deadline);
  return claims;
}

std::vector<std::string> Claims::on(const std::string& path, const Runtimes& runtimes) const {
  std::vector<std::string> texts;
  auto found = by_path_.find(path);
  if (found == by_path_.end()) return texts;
  for (const Claim& claim : found->second) {
    if (claim.container_id.empty() || !runtimes.deny(claim.container_id)) texts.push_back(claim.file);
  }
  return texts;
}

}  // namespace isthmus
