// What every task (not only every process) is doing and where it stands, at one moment. Reads stat, wchan and links of
// namespaces only: none of these waits for a FUSE server or for a task in D state.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netns/deadline.h"
#include "netns/result.h"

namespace isthmus {

// A task that is not another one's number used again.
struct TaskKey {
  pid_t pid = 0;
  pid_t tid = 0;
  std::uint64_t start = 0;  // clock ticks since boot
  auto operator<=>(const TaskKey&) const = default;
};

struct TaskSeen {
  TaskKey key;
  pid_t parent = 0;
  char state = '?';        // as in man 5 proc_pid_stat
  bool exiting = false;    // PF_EXITING
  bool of_kernel = false;  // PF_KTHREAD
  std::string command;     // of the task itself
  std::string wchan;       // the function it waits in; "0": runs, or may not be asked
  ino_t netns = 0;         // 0: has let go of it, or may not be asked
  ino_t mount_ns = 0;
  // How often it went to sleep by itself; the same number later means that it has not moved. Only of a task in D state,
  // or that waits for a file server.
  std::uint64_t sleeps = 0;
};

// By the function it waits in: for the answer of a file server. (A FUSE server itself waits in fuse_dev_do_read.)
bool waits_for_fuse(const TaskSeen& task);
bool waits_for_nfs(const TaskSeen& task);

// nullopt: it has ended.
std::optional<TaskSeen> sample_task(pid_t pid, pid_t tid);

struct TaskSample {
  std::vector<TaskSeen> tasks;  // by process; the leader of each first
  std::size_t closed = 0;       // whose namespaces could not be read
};
// All tasks but our own. Fails when /proc cannot be read; at the deadline, with err ETIMEDOUT.
Result<TaskSample> sample_all_tasks(Deadline deadline);

// The fields of /proc/PID/stat; nullopt for any other text.
std::optional<TaskSeen> parse_task_stat(std::string_view text);

// The number of a task in its own pid namespace; 1 is the init of one. 0 when it cannot be read.
pid_t innermost_pid(pid_t pid);

}  // namespace isthmus
