// Names of network namespaces that are not what they look like: covered, stacked, empty files, mounted elsewhere only.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <memory>

#include "netns/exact_unmount.h"
#include "netns/mount_query.h"
#include "plugin/inspect/doctor.h"
#include "plugin/reap/managed.h"

namespace isthmus {
namespace {

constexpr std::chrono::seconds kTimeToOpen(2);
// Between the file and its mount, a namespace that is being made looks like a stale name.
constexpr time_t kYoung = 60;

struct NamedHere {
  const NetnsMount* mount;
  const NodeNetns* netns;
};

std::multimap<std::string, NamedHere> mounts_by_path(const Node& node) {
  std::multimap<std::string, NamedHere> all;
  for (const NodeNetns& netns : node.namespaces)
    for (const NetnsMount& name : netns.seen.names)
      all.emplace(name.mount_point, NamedHere{&name, &netns});
  return all;
}

const NetnsSeen::Copy* copy_at(const Node& node, const std::string& path) {
  for (const NodeNetns& netns : node.namespaces)
    for (const auto& copy : netns.seen.copies)
      if (copy.mount.mount_point == path) return &copy;
  return nullptr;
}

void check_file(const Node& node, const std::string& path, const struct stat& file, Findings& findings) {
  if (const auto* copy = copy_at(node, path)) {
    findings.push_back({"names", Severity::warning, path,
                        path + " is an empty file here; its namespace is mounted only in the mount namespace of pid " +
                            std::to_string(copy->example),
                        "setns(2) on it says 'Invalid argument'; removing the file detaches that mount elsewhere",
                        "isthmus find " + path + " ; if its container is gone, isthmus gc --foreign, or rm " + path +
                            " where that cannot prove it"});
    return;
  }
  if (time(nullptr) - file.st_mtime < kYoung) return;
  findings.push_back({"names", Severity::warning, path, path + " is an empty file: the namespace it named is gone",
                      "runtimes fail on it again and again; containerd keeps its pod Terminating",
                      "isthmus gc --foreign"});
}

void check_directory(const Node& node,
                     const std::string& path,
                     const std::multimap<std::string, NamedHere>& mounted,
                     Findings& findings,
                     std::vector<std::string>& holes) {
  auto dir = open_name_directory(path, Deadline::in(kTimeToOpen));
  if (!dir) {
    if (dir.error().err != ENOENT) holes.push_back(dir.error().text());
    return;
  }
  int own = openat(dir->ref().number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  std::unique_ptr<DIR, int (*)(DIR*)> stream(own < 0 ? nullptr : fdopendir(own), closedir);
  if (!stream) {
    holes.push_back(errno_error("list", "'" + path + "'").text());
    return;
  }
  while (const dirent* entry = readdir(stream.get())) {
    std::string full = path;
    full.append("/").append(entry->d_name);
    // A directory of names shows its own mounts only; the file below a mount is no business of ours.
    if (entry->d_name[0] == '.' || entry->d_type != DT_REG || mounted.contains(full)) continue;
    struct stat file {};
    if (fstatat(dir->ref().number(), entry->d_name, &file, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(file.st_mode) && file.st_size == 0) check_file(node, full, file, findings);
  }
}

// The mount that the directory of a name leads to; 0 where names do not belong: there a look might wait.
std::uint64_t mount_of_directory(const ManagedDirectories& directories, const std::string& path) {
  if (!directories.holds(path)) return 0;
  auto mount = mount_of_file(FdRef::borrow(AT_FDCWD), directory_of(path));
  return mount ? mount->old_id : 0;
}

Finding covered_name(const std::string& path, bool by_directory) {
  const std::string covered = by_directory ? directory_of(path) : path;
  return {"names",
          Severity::warning,
          path,
          path + (by_directory ? " is out of sight: another mount covers " + covered
                               : " is covered by another mount, so that the path leads elsewhere"),
          "its namespace can be neither entered nor removed by that name: setns says 'Invalid argument', rm says EBUSY",
          "findmnt --submounts " + covered + " shows the cover: umount that first"};
}

}  // namespace

void check_names(const Node& node, Findings& findings, std::vector<std::string>& holes) {
  const auto mounted = mounts_by_path(node);
  const ManagedDirectories directories({});
  for (auto at = mounted.begin(); at != mounted.end(); at = mounted.upper_bound(at->first)) {
    const auto end = mounted.upper_bound(at->first);
    const bool stacked =
        std::any_of(at, end, [&](const auto& other) { return other.second.netns != at->second.netns; });
    const bool all_covered = std::all_of(at, end, [](const auto& other) { return other.second.mount->covered; });
    const std::string& path = at->first;
    if (stacked) {
      findings.push_back({"names", Severity::warning, path, path + " is a stack of mounts of different namespaces",
                          "the name leads to the uppermost; one umount uncovers another container's",
                          "umount it once for each that is not wanted: 'isthmus find' with its path lists them"});
    } else if (all_covered) {
      findings.push_back(covered_name(path, false));
    } else if (std::uint64_t top = mount_of_directory(directories, path); top != 0) {
      const bool seen =
          std::any_of(at, end, [&](const auto& other) { return other.second.mount->parent_old_id == top; });
      if (!seen) findings.push_back(covered_name(path, true));
    }
  }
  for (const std::string& path : directories.fixed())
    check_directory(node, path, mounted, findings, holes);
}

}  // namespace isthmus
