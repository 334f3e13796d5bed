// listmount(2), statmount(2) and the ioctls of mount namespaces, with the kernel's structures written out: Debian 12's
// headers are older than the calls. Probed at run time, never by version: ENOSYS and ENOTTY mean "read mountinfo".
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "netns/result.h"
#include "netns/unique_fd.h"

namespace isthmus {

// Linux 6.11: what a mount namespace is called, never used again within a boot. 0 stands for the caller's own.
using MountNsId = std::uint64_t;
inline constexpr MountNsId kOwnMountNs = 0;

// The parameter of listmount that stands for the root of the namespace (LSMT_ROOT).
inline constexpr std::uint64_t kAllMounts = ~std::uint64_t{0};

// Unique ids (Linux 6.8) of the mounts below `below` in the namespace; of a mount: its direct and indirect children.
// Fails with err ENOSYS where the kernel has no such call; ENOENT for a namespace that is gone or that the caller has
// no CAP_SYS_ADMIN over, or for a mount that is gone.
Result<std::vector<std::uint64_t>> list_mounts(MountNsId ns, std::uint64_t below);

struct MountFacts {
  std::uint64_t id = 0;
  std::uint64_t parent_id = 0;
  std::uint64_t old_id = 0;  // as in mountinfo
  std::uint64_t fs_magic = 0;
  dev_t device = 0;
  bool shared = false;
  std::string root;         // only with texts
  std::string mount_point;  // only with texts; seen from the root of that namespace, or of the caller for its own
};

// Fails with err ENOENT when the mount has gone meanwhile.
Result<MountFacts> stat_mount(MountNsId ns, std::uint64_t id, bool with_texts);

// What /proc/PID/ns/mnt refers to. Fails with err ENOTTY before Linux 6.11.
Result<MountNsId> mount_ns_id(FdRef ns);

// All mount namespaces of the machine, those without any process too (Linux 6.12). Needs CAP_SYS_ADMIN and the initial
// pid namespace: EPERM otherwise; ENOTTY on an older kernel. `own` is the caller's /proc/self/ns/mnt.
Result<std::vector<MountNsId>> walk_mount_namespaces(FdRef own);

// The identity of a mount by any descriptor on it, O_PATH included.
struct MountOfFile {
  std::uint64_t unique_id = 0;  // 0 where the kernel has none (before 6.8)
  std::uint64_t old_id = 0;
  dev_t device = 0;
  ino_t inode = 0;
};
// `name` empty: `dir` itself. A symbolic link in the last place is not followed, an automount not triggered, no server
// of a network file system asked. Fails with errno of statx(2).
Result<MountOfFile> mount_of_file(FdRef dir, const std::string& name);

}  // namespace isthmus
