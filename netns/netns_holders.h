// Who keeps network namespaces alive besides their mounts: tasks (not only processes) and descriptors, by one pass over
// /proc. What could not be read is counted and named, because "no holder" is only worth something beside it.
// Reads links, statx(2) of descriptors and fdinfo only: none of these waits for a FUSE server or a task in D state.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "netns/deadline.h"
#include "netns/netns_mounts.h"

namespace isthmus {

struct NetnsHolder {
  enum class Kind { task, descriptor, inotify, io_uring, proc_net };
  Kind kind = Kind::task;
  pid_t pid = 0;
  pid_t tid = 0;
  int fd = -1;  // -1 for a task
  std::string command;
  bool operator==(const NetnsHolder&) const = default;
};
// "pid 17 (sleep)", "thread 18 of pid 17 (sleep)", "fd 5 of pid 17 (sleep)".
std::string describe(const NetnsHolder& holder);

// How many holders of one namespace are kept by name; all are counted.
inline constexpr std::size_t kNamedHolders = 8;

struct NetnsHolders {
  struct Of {
    std::size_t tasks = 0;
    std::size_t descriptors = 0;
    std::vector<NetnsHolder> named;
  };
  std::map<ino_t, Of> by_inode;  // of the namespaces asked for
  MountNsOfTasks mount_namespaces;
  std::set<ino_t> all_netns;             // every network namespace a task is in
  std::map<ino_t, pid_t> task_in_netns;  // the first one of each
  std::size_t tasks_seen = 0;
  std::size_t tasks_read = 0;
  std::size_t descriptors = 0;
  std::vector<std::string> unreadable;  // "pid 1: Permission denied": each is a hole
};

struct HolderQuery {
  std::set<ino_t> inodes;       // of the namespaces to look for
  std::set<pid_t> ignore_pids;  // known to hold nothing, and not to be read
  bool descriptors = true;      // false: tasks only
  bool every = false;           // look for all network namespaces; `inodes` does not count then
  // Called now and then with how many processes were looked at, and how many there are.
  std::function<void(std::size_t, std::size_t)> progress = {};
};

// Leaves the caller's own process out. Fails when /proc cannot be read at all.
Result<NetnsHolders> scan_netns_holders(const HolderQuery& query, Deadline deadline);

}  // namespace isthmus
