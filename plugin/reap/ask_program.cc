#include "plugin/reap/ask_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "netns/environment.h"
#include "netns/syscalls.h"
#include "netns/unique_fd.h"

namespace isthmus {
namespace {

constexpr std::size_t kLargestAnswer = std::size_t{64} << 20;

std::string find_program(const std::string& name) {
  const char* path = getenv("PATH");
  std::string directories = std::string(path != nullptr ? path : "") + ":/usr/local/bin:/usr/bin:/usr/sbin:/sbin:/bin";
  std::size_t from = 0;
  while (from < directories.size()) {
    std::size_t end = std::min(directories.find(':', from), directories.size());
    std::string program = directories.substr(from, end - from) + "/" + name;
    if (program.front() == '/' && access(program.c_str(), X_OK) == 0) return program;
    from = end + 1;
  }
  return {};
}

Error failed(const std::vector<std::string>& words, int err, const std::string& detail) {
  Error error = errno_error_from(err, "ask", "'" + words.front() + "'");
  error.detail = detail;
  return error;
}

// A group of its own, so that all of it can be ended at once; nothing of ours but the pipe.
int spawn(const std::string& program, const std::vector<std::string>& words, FdRef output, pid_t& pid) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::vector<char*> environment;
  for (char** variable = environ; *variable != nullptr; ++variable)
    if (!is_unsafe_for_children(*variable)) environment.push_back(*variable);
  environment.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output.number(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t defaults;
  sigemptyset(&none);
  sigfillset(&defaults);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  // Our own descriptors close themselves; a kernel before 5.11 lets through what our caller left open.
  syscalls::close_range(STDERR_FILENO + 1, CLOSE_RANGE_CLOEXEC);
  int err = posix_spawn(&pid, program.c_str(), &actions, &attributes, arguments.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return err;
}

// To the end of file. False: late, or far too much.
bool read_answer(FdRef pipe, Deadline deadline, std::string& text) {
  std::array<char, 65536> buffer;
  while (true) {
    pollfd entry{pipe.number(), POLLIN, 0};
    int ready = poll(&entry, 1, deadline.poll_timeout_ms());
    if (ready == 0) return false;
    if (ready < 0) continue;
    ssize_t got = read(pipe.number(), buffer.data(), buffer.size());
    if (got == 0) return true;
    if (got < 0 && errno != EINTR) return false;
    if (got > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > kLargestAnswer) return false;
  }
}

}  // namespace

Result<std::string> ask_program(const std::vector<std::string>& words, Deadline deadline) {
  const std::string program = find_program(words.front());
  if (program.empty()) return failed(words, ENOENT, "");
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return failed(words, errno, "");
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  pid_t pid = -1;
  if (int err = spawn(program, words, theirs.ref(), pid); err != 0) return failed(words, err, "");
  theirs.reset();
  std::string text;
  bool answered = read_answer(ours.ref(), deadline, text);
  int status = 0;
  pid_t ended = 0;
  // It closes its output before it ends; a moment later it can be reaped. One that never does is left behind.
  while (answered && (ended = waitpid(pid, &status, WNOHANG)) == 0 && !deadline.passed())
    usleep(500);
  if (ended != pid) {
    kill(-pid, SIGKILL);
    usleep(1000);
    waitpid(pid, &status, WNOHANG);
    return failed(words, ETIMEDOUT, "");
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return text;
  return failed(words, 0, "it ended with status " + std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : 128));
}

}  // namespace isthmus
