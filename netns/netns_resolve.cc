#include "netns/netns_resolve.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <vector>

#include "netns/file.h"
#include "netns/helper_process.h"

namespace isthmus::detail {
namespace {

UniqueFd openat2(int dir, const char* path, int flags, unsigned resolve) {
  open_how how{};
  how.flags = static_cast<__u64>(flags | O_CLOEXEC);
  how.resolve = resolve;
  return UniqueFd(static_cast<int>(syscall(SYS_openat2, dir, path, &how, sizeof how)));
}

// The parts of /proc/PID/ns/NAME or /proc/PID/task/TID/ns/NAME.
struct ProcPath {
  std::string task;  // "PID", "PID/task/TID", "self" or "thread-self"
  std::string kind;  // "net", as a rule
};

std::optional<ProcPath> parse_proc_path(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    path.remove_prefix(1);
    parts.push_back(path.substr(0, path.find('/')));
    path.remove_prefix(parts.back().size());
  }
  auto is_id = [](std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  bool process = parts.size() == 4;
  bool thread = parts.size() == 6 && parts[2] == "task" && is_id(parts[3]);
  if ((!process && !thread) || parts[0] != "proc" || parts[parts.size() - 2] != "ns") return std::nullopt;
  if (!is_id(parts[1]) && parts[1] != "self" && parts[1] != "thread-self") return std::nullopt;
  std::string task(parts[1]);
  if (thread) task += "/task/" + std::string(parts[3]);
  return ProcPath{std::move(task), std::string(parts.back())};
}

Error open_error(const NetnsPath& path, int err) {
  Error error = errno_error_from(err, "open network namespace", "'" + path.text() + "'");
  if (err == ENOENT) {
    error.word = "netns-missing";
    error.hint = "it was removed, or its path is from another mount namespace";
  } else if (err == ETIMEDOUT) {
    error.word = "netns-timeout";
    error.hint = "the file system it is on does not answer: see 'findmnt --target " + path.text() + "'";
  } else {
    error.word = "netns-open";
    if (err == EACCES || err == EPERM) error.hint = "isthmus has to run as root, with CAP_SYS_PTRACE for /proc/PID/ns";
  }
  return error;
}

// The state letter of man 5 proc_pid_stat; the command before it may contain anything, a ')' as well.
std::optional<char> task_state(FdRef proc, const std::string& task) {
  auto stat = read_small_file(proc, task + "/stat", 4096);
  if (!stat) return std::nullopt;
  std::size_t behind_command = stat->rfind(") ");
  if (behind_command == std::string::npos || behind_command + 2 >= stat->size()) return std::nullopt;
  return (*stat)[behind_command + 2];
}

// Why /proc/TASK/ns/NAME does not exist: the task has let go of its namespaces, or there is no such task.
Error explain_missing(const NetnsPath& path, FdRef proc, const ProcPath& parts) {
  Error error = open_error(path, ENOENT);
  constexpr std::array<std::string_view, 8> kKinds = {"net", "mnt", "pid", "user", "uts", "ipc", "cgroup", "time"};
  bool known_kind = std::find(kKinds.begin(), kKinds.end(), parts.kind) != kKinds.end();
  auto state = known_kind ? task_state(proc, parts.task) : std::nullopt;
  if (!state) {
    error.hint = "there is no such task: it has ended, or the number is from another pid namespace";
    return error;
  }
  error.word = "netns-dying";
  error.detail = "the process is exiting (state " + std::string(1, *state) + ") and has left its namespaces";
  error.hint = *state == 'Z' ? "it waits for its parent to reap it" : "it may wait for its last child to end";
  return error;
}

// procfs never blocks, but its magic links are not resolved from the cache either (RESOLVE_CACHED answers EAGAIN), so
// the common case of /proc/PID/ns/net would need a helper each time. The walk to the directory of links is confined
// to procfs: a FUSE file system mounted below /proc/PID gets no chance. Nullopt: not to be had this way.
std::optional<Result<UniqueFd>> resolve_in_proc(const NetnsPath& path) {
  auto parts = parse_proc_path(path.text());
  if (!parts) return std::nullopt;
  UniqueFd proc = openat2(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY, RESOLVE_CACHED);
  struct statfs fs {};
  if (!proc || fstatfs(proc.ref().number(), &fs) != 0 || fs.f_type != PROC_SUPER_MAGIC) return std::nullopt;

  std::string links = parts->task + "/ns";
  UniqueFd dir = openat2(proc.ref().number(), links.c_str(), O_PATH | O_DIRECTORY, RESOLVE_NO_XDEV | RESOLVE_BENEATH);
  if (!dir && errno == EXDEV) return std::nullopt;
  UniqueFd file(dir ? openat(dir.ref().number(), parts->kind.c_str(), O_PATH | O_CLOEXEC) : -1);
  if (file) return Result<UniqueFd>(std::move(file));
  // A task that goes away between two looks answers ESRCH.
  if (errno == ENOENT || errno == ESRCH) return Result<UniqueFd>(explain_missing(path, proc.ref(), *parts));
  return Result<UniqueFd>(open_error(path, errno));
}

Result<UniqueFd> resolve_by_helper(const NetnsPath& path, Deadline deadline) {
  auto answer = run_in_helper(deadline, [&path] {
    UniqueFd file(::open(path.text().c_str(), O_PATH | O_CLOEXEC));
    int err = file ? 0 : errno;
    return HelperAnswer{err, std::move(file)};
  });
  if (!answer && answer.error().err == ETIMEDOUT) return open_error(path, ETIMEDOUT);
  if (!answer) {
    Error error = open_error(path, answer.error().err);
    error.detail = "the helper process failed";
    if (!answer.error().detail.empty()) error.detail += ": " + answer.error().detail;
    return error;
  }
  if (!answer->fd) return open_error(path, answer->err);
  return std::move(answer->fd);
}

}  // namespace

Result<UniqueFd> resolve_netns_path(const NetnsPath& path, Deadline deadline) {
  if (auto in_proc = resolve_in_proc(path)) return *std::move(in_proc);
  UniqueFd file = openat2(AT_FDCWD, path.text().c_str(), O_PATH, RESOLVE_CACHED);
  if (file) return file;
  // EAGAIN: not in the cache. ENOSYS before Linux 5.6, EINVAL before 5.12; seccomp filters of old runtimes say EPERM.
  if (errno == EAGAIN || errno == ENOSYS || errno == EINVAL || errno == EPERM) return resolve_by_helper(path, deadline);
  return open_error(path, errno);
}

// Only root puts anything where `ip netns` and the runtimes have their names; elsewhere a device or a file on FUSE,
// which opening would touch or wait for, may have taken the place.
UniqueFd reopen_by_path(const NetnsPath& path, NetnsId file) {
  if (path.name().empty()) return {};
  UniqueFd fd = openat2(AT_FDCWD, path.text().c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, RESOLVE_CACHED);
  struct stat found {};
  if (!fd || fstat(fd.ref().number(), &found) != 0 || NetnsId{found.st_dev, found.st_ino} != file) return {};
  return fd;
}

}  // namespace isthmus::detail
