// Every mount of every network namespace, in every mount namespace that can be seen: names in our own, copies in the
// others. Nothing here opens or touches the mounts themselves: even an O_PATH descriptor on one makes somebody else's
// umount(2) fail with EBUSY.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "netns/deadline.h"
#include "netns/mount_query.h"
#include "netns/mountinfo.h"
#include "netns/result.h"

namespace isthmus {

// A mount of nsfs whose root is a network namespace.
struct NetnsMount {
  std::uint64_t unique_id = 0;  // never used again within a boot; 0 where the kernel has none (before 6.8)
  std::uint64_t old_id = 0;
  std::uint64_t parent_old_id = 0;
  dev_t device = 0;
  ino_t inode = 0;                  // of the namespace
  std::string mount_point;          // as seen from the root of its mount namespace
  std::optional<MountPlace> place;  // nullopt: its parent mount cannot be seen
  bool covered = false;             // something is mounted over it
  bool operator==(const NetnsMount&) const = default;
};

// Which of the two sources to read. `automatic` takes the calls where the kernel has them.
enum class MountSource { automatic, mountinfo };

// The caller's own mount namespace. Fails when not all of it could be read.
Result<std::vector<NetnsMount>> own_netns_mounts(MountSource source = MountSource::automatic);

// Mount namespaces tasks are in: the nsfs inode, and some tasks to find it by, because any of them may end.
using MountNsOfTasks = std::map<ino_t, std::vector<pid_t>>;

struct ForeignMounts {
  struct Namespace {
    MountNsId id = 0;   // 0 where the kernel gives none
    pid_t example = 0;  // a task in it; 0: it has none
    std::vector<NetnsMount> mounts;
  };
  std::vector<Namespace> namespaces;  // only those with mounts of network namespaces
  std::size_t seen = 0;               // namespaces other than our own
  std::size_t read = 0;
  bool walked = false;                  // namespaces without tasks were looked for too
  std::vector<std::string> unreadable;  // "of pid 17: Permission denied": each is a hole
};

// All other mount namespaces. `tasks` come from a scan of all tasks; the walk adds those without any.
ForeignMounts foreign_netns_mounts(const MountNsOfTasks& tasks,
                                   Deadline deadline,
                                   MountSource source = MountSource::automatic);

}  // namespace isthmus
