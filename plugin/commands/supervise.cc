#include "plugin/commands/supervise.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "netns/unique_fd.h"

namespace isthmus {
namespace {

constexpr int kLostOutput = 2;

struct Pipe {
  UniqueFd reading;
  UniqueFd writing;
  bool open() {
    int ends[2];
    if (pipe(ends) != 0) return false;
    reading = UniqueFd(ends[0]);
    writing = UniqueFd(ends[1]);
    return true;
  }
};

[[noreturn]] void child_main(const Pipe& out, const Pipe& err, const std::function<int()>& work) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(out.writing.ref().number(), STDOUT_FILENO);
  dup2(err.writing.ref().number(), STDERR_FILENO);
  int status = work();
  std::fflush(stdout);
  std::fflush(stderr);
  _exit(status);
}

// One read and its whole copy. False at the end of file. `failure`: the first errno of a write that somebody misses.
bool copy_some(FdRef from, int to, int& failure) {
  std::array<char, 65536> buffer;
  ssize_t got = read(from.number(), buffer.data(), buffer.size());
  if (got <= 0) return got < 0 && errno == EINTR;
  for (ssize_t put = 0; put < got;) {
    ssize_t some = write(to, buffer.data() + put, static_cast<std::size_t>(got - put));
    if (some < 0 && errno != EINTR) {
      // Where nobody reads it, or it finds no room, the child must go on all the same.
      if (errno != EPIPE && failure == 0) failure = errno;
      return true;
    }
    if (some > 0) put += some;
  }
  return true;
}

// Until both ends are closed. False: the deadline came first.
bool relay(Pipe& out, Pipe& err, int& failure, Deadline deadline) {
  int ignored = 0;
  while (out.reading || err.reading) {
    std::array<pollfd, 2> entries = {pollfd{out.reading ? out.reading.ref().number() : -1, POLLIN, 0},
                                     pollfd{err.reading ? err.reading.ref().number() : -1, POLLIN, 0}};
    int ready = poll(entries.data(), entries.size(), deadline.poll_timeout_ms());
    if (ready == 0) return false;
    if (ready < 0) continue;
    if (entries[0].revents != 0 && !copy_some(out.reading.ref(), STDOUT_FILENO, failure)) out.reading.reset();
    if (entries[1].revents != 0 && !copy_some(err.reading.ref(), STDERR_FILENO, ignored)) err.reading.reset();
  }
  return true;
}

}  // namespace

std::optional<int> supervise(Deadline deadline, const std::function<int()>& work) {
  Pipe out;
  Pipe err;
  if (!out.open() || !err.open()) return work();
  // A parent may bequeath it ignored; then the kernel would throw the exit status away.
  signal(SIGCHLD, SIG_DFL);
  std::fflush(stdout);
  std::fflush(stderr);
  pid_t child = fork();
  if (child < 0) return work();
  if (child == 0) child_main(out, err, work);
  out.writing.reset();
  err.writing.reset();
  int failure = 0;
  bool finished = relay(out, err, failure, deadline);
  int status = 0;
  pid_t ended = 0;
  while ((ended = waitpid(child, &status, WNOHANG)) != child && finished && !deadline.passed())
    usleep(200);
  if (ended != child) {
    kill(child, SIGKILL);
    return std::nullopt;
  }
  if (failure != 0) {
    std::fprintf(stderr, "isthmus: cannot write to standard output: %s [stdout-write]\n", strerror(failure));
    return kLostOutput;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace isthmus
