#include "netns/task_sample.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "netns/file.h"
#include "netns/netns_fd_table.h"

namespace isthmus {
namespace {

constexpr std::size_t kLargest = std::size_t{64} << 10;
// Of include/linux/sched.h.
constexpr std::uint64_t kExiting = 0x4;            // PF_EXITING
constexpr std::uint64_t kKernelThread = 0x200000;  // PF_KTHREAD

Result<std::string> read_proc(const std::string& path) {
  return read_small_file(FdRef::borrow(AT_FDCWD), path, kLargest);
}

// 0 with errno when it cannot be read.
ino_t namespace_of(const std::string& link) {
  std::array<char, 64> text{};
  if (readlink(link.c_str(), text.data(), text.size() - 1) <= 0) return 0;
  std::string_view target(text.data());
  std::size_t open = target.find('[');
  ino_t inode = 0;
  if (open != std::string_view::npos) std::from_chars(target.data() + open + 1, target.data() + target.size(), inode);
  return inode;
}

// Field number `wanted` (3 is the state) of what follows the command.
std::optional<std::uint64_t> field(std::string_view behind_command, int wanted) {
  for (int number = 3;; ++number) {
    std::size_t end = std::min(behind_command.find(' '), behind_command.size());
    if (number == wanted) {
      std::uint64_t value = 0;
      auto [stop, error] = std::from_chars(behind_command.data(), behind_command.data() + end, value);
      if (error != std::errc() || stop == behind_command.data()) return std::nullopt;
      return value;
    }
    if (end == behind_command.size()) return std::nullopt;
    behind_command.remove_prefix(end + 1);
  }
}

std::uint64_t number_behind(const std::string& path, std::string_view label) {
  auto text = read_proc(path);
  std::size_t at = text ? text->find(label) : std::string::npos;
  if (at == std::string::npos) return 0;
  at = text->find_first_of("0123456789", at);
  std::uint64_t number = 0;
  if (at != std::string::npos) std::from_chars(text->data() + at, text->data() + text->size(), number);
  return number;
}

}  // namespace

bool waits_for_fuse(const TaskSeen& task) {
  return task.wchan.starts_with("request_wait_answer") || task.wchan.starts_with("fuse_get_req") ||
         task.wchan.starts_with("fuse_wait_on_page_writeback");
}

bool waits_for_nfs(const TaskSeen& task) {
  return task.wchan.starts_with("rpc_wait_bit_killable") || task.wchan.starts_with("nfs");
}

std::optional<TaskSeen> parse_task_stat(std::string_view text) {
  // The command may contain anything, a ')' as well.
  std::size_t open = text.find(" (");
  std::size_t close = text.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  TaskSeen task;
  std::from_chars(text.data(), text.data() + open, task.key.tid);
  task.command = text.substr(open + 2, close - open - 2);
  std::string_view rest = text.substr(close + 2);
  while (rest.ends_with('\n'))
    rest.remove_suffix(1);
  if (rest.empty() || task.key.tid == 0) return std::nullopt;
  task.state = rest.front();
  auto parent = field(rest, 4);
  auto flags = field(rest, 9);
  auto start = field(rest, 22);
  if (!parent || !flags || !start) return std::nullopt;
  task.parent = static_cast<pid_t>(*parent);
  task.exiting = (*flags & kExiting) != 0;
  task.of_kernel = (*flags & kKernelThread) != 0;
  task.key.start = *start;
  return task;
}

namespace {

// Without namespaces, as the file says.
std::optional<TaskSeen> read_task_stat(const std::string& path, pid_t pid) {
  auto text = read_proc(path);
  auto task = text ? parse_task_stat(*text) : std::nullopt;
  if (task) task->key.pid = pid;
  return task;
}

}  // namespace

std::optional<TaskSeen> sample_task(pid_t pid, pid_t tid) {
  const std::string base = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid);
  auto task = read_task_stat(base + "/stat", pid);
  if (!task) return std::nullopt;
  task->netns = namespace_of(base + "/ns/net");
  // A task that has ended meanwhile denies its namespaces as one that we may not look into does. (fs/proc/namespaces.c)
  if (task->netns == 0) {
    auto now = read_task_stat(base + "/stat", pid);
    if (!now || !(now->key == task->key)) return std::nullopt;
    task = std::move(now);
  }
  task->mount_ns = namespace_of(base + "/ns/mnt");
  if (task->state == 'S' || task->state == 'D') {
    if (auto wchan = read_proc(base + "/wchan")) task->wchan = *std::move(wchan);
  }
  if (!task->of_kernel && (task->state == 'D' || waits_for_fuse(*task) || waits_for_nfs(*task))) {
    task->sleeps = number_behind(base + "/status", "\nvoluntary_ctxt_switches:");
  }
  return task;
}

Result<TaskSample> sample_all_tasks(Deadline deadline) {
  TaskSample sample;
  TRY(UniqueFd proc, open_directory("/proc"));
  TRY(auto pids, detail::numbers_in(proc.ref(), "."));
  for (pid_t pid : pids) {
    if (deadline.passed()) return errno_error_from(ETIMEDOUT, "look at all tasks");
    if (pid == getpid()) continue;
    auto tids = detail::numbers_in(proc.ref(), std::to_string(pid) + "/task");
    if (!tids) continue;  // it has ended
    for (pid_t tid : *tids) {
      auto task = sample_task(pid, tid);
      if (!task) continue;
      if (task->netns == 0 && task->state != 'Z' && !task->exiting) ++sample.closed;
      sample.tasks.push_back(*std::move(task));
    }
  }
  return sample;
}

pid_t innermost_pid(pid_t pid) {
  auto status = read_proc("/proc/" + std::to_string(pid) + "/status");
  if (!status) return 0;
  std::size_t at = status->find("\nNSpid:");
  if (at == std::string::npos) return 0;
  std::size_t end = status->find('\n', at + 1);
  std::string_view line = std::string_view(*status).substr(at, end - at);
  std::size_t blank = line.find_last_of(" \t");
  pid_t number = 0;
  if (blank != std::string_view::npos) std::from_chars(line.data() + blank + 1, line.data() + line.size(), number);
  return number;
}

}  // namespace isthmus
