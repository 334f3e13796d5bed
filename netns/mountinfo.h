// /proc/PID/mountinfo as values (man 5 proc_pid_mountinfo): a pure function over bytes, for kernels without
// statmount(2) and for what else wants to know where a mount stands.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isthmus {

struct MountLine {
  std::uint64_t id = 0;         // used again after the mount has gone
  std::uint64_t parent_id = 0;  // may be a mount that the reader's root hides
  dev_t device = 0;
  std::string root;         // within the file system; "net:[4026532177]" on nsfs
  std::string mount_point;  // unescaped
  std::string fs_type;
  std::string super_options;
  bool shared = false;  // has a "shared:N" tag
};

struct Mountinfo {
  std::vector<MountLine> lines;
  std::size_t odd = 0;  // lines that could not be read: whoever needs all mounts must not go on
};

// Empty lines are skipped; everything else that is no mount is counted as odd.
Mountinfo parse_mountinfo(std::string_view text);

// "a\040b" -> "a b". A backslash that three octal digits do not follow stays.
std::string unescape_mount_path(std::string_view text);

// 4026532177 of "net:[4026532177]", the root of a mount of a network namespace; nullopt for every other root.
std::optional<ino_t> netns_inode_of_root(std::string_view root);

// Where in a file system a mount stands, which is the same for all copies of a mount on one directory entry, whatever
// mount namespace they are in and however that was arranged. Two different places are never one directory entry.
struct MountPlace {
  dev_t device = 0;
  std::string path;  // from the root of that file system
  auto operator<=>(const MountPlace&) const = default;
};

// The place of `mount_point` on a parent mount. nullopt when the mount point is not below the parent's.
std::optional<MountPlace> place_on(dev_t parent_device,
                                   std::string_view parent_root,
                                   std::string_view parent_mount_point,
                                   std::string_view mount_point);

}  // namespace isthmus
