#include "netns/helper_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "netns/namespace_thread.h"
#include "netns/signals.h"
#include "netns/syscalls.h"

namespace isthmus {
namespace {

constexpr const char* kDoing = "run a helper process";

// One message: the errno as four bytes and, if there is one, the descriptor beside it (man 7 unix, SCM_RIGHTS).
struct Envelope {
  Envelope() {
    payload.iov_base = &err;
    payload.iov_len = sizeof err;
    header.msg_iov = &payload;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
  }
  Envelope(const Envelope&) = delete;
  Envelope& operator=(const Envelope&) = delete;

  int err = 0;
  iovec payload{};
  msghdr header{};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
};

void send_answer(int socket, const HelperAnswer& answer) {
  Envelope envelope;
  envelope.err = answer.err;
  if (answer.fd) {
    cmsghdr* rights = CMSG_FIRSTHDR(&envelope.header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    int fd = answer.fd.ref().number();
    memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  } else {
    envelope.header.msg_controllen = 0;
  }
  // Nobody may be listening any more: that is how an abandoned helper ends.
  sendmsg(socket, &envelope.header, MSG_NOSIGNAL);
}

// Nullopt: the child ended without an answer.
std::optional<HelperAnswer> receive_answer(FdRef socket) {
  Envelope envelope;
  ssize_t got = -1;
  do {
    got = recvmsg(socket.number(), &envelope.header, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof envelope.err)) return std::nullopt;
  HelperAnswer answer{envelope.err, {}};
  cmsghdr* rights = CMSG_FIRSTHDR(&envelope.header);
  if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    memcpy(&fd, CMSG_DATA(rights), sizeof fd);
    answer.fd = UniqueFd(fd);
  }
  return answer;
}

[[noreturn]] void child_main(int socket, const std::function<HelperAnswer()>& work) {
  // To the lowest number, so that one call closes all the others, stdout and stderr of the runtime included.
  if (dup2(socket, STDIN_FILENO) < 0) _exit(1);
  if (syscalls::close_range(STDIN_FILENO + 1, 0) != 0) _exit(1);
  setsid();
  if (chdir("/") != 0) _exit(1);
  for (int signal = 1; signal < SIGRTMIN; ++signal)
    ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  send_answer(STDIN_FILENO, work());
  _exit(0);
}

// False when the deadline came first.
Result<bool> wait_readable(FdRef socket, Deadline deadline) {
  while (true) {
    pollfd entry{socket.number(), POLLIN, 0};
    int ready = poll(&entry, 1, deadline.poll_timeout_ms());
    if (ready > 0) return true;
    if (ready == 0 && deadline.passed()) return false;
    if (ready < 0 && errno != EINTR) return errno_error(kDoing);
  }
}

Error ended_without_answer(int status) {
  std::string how = "it ended with status " + std::to_string(WEXITSTATUS(status)) + " and no answer";
  if (WIFSIGNALED(status)) how = "it was ended by signal " + std::to_string(WTERMSIG(status));
  return Error{kDoing, {}, 0, how, {}, {}};
}

}  // namespace

Result<HelperAnswer> run_in_helper(Deadline deadline, const std::function<HelperAnswer()>& work) {
  TRY_OK(refuse_beside_namespace_thread());
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno_error(kDoing);
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);

  pid_t child = -1;
  int fork_err = 0;
  {
    AllSignalsBlocked blocked;
    child = fork();
    fork_err = errno;
    if (child == 0) child_main(theirs.ref().number(), work);
  }
  if (child < 0) return errno_error_from(fork_err, kDoing);
  theirs.reset();

  TRY(bool ready, wait_readable(ours.ref(), deadline));
  if (!ready) return errno_error_from(ETIMEDOUT, kDoing);
  auto answer = receive_answer(ours.ref());
  // The answer, or the closed socket, is the last thing a child does: it is ending now. Where SIGCHLD is ignored the
  // kernel reaps it and waitpid has nothing to say.
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!answer) return ended_without_answer(status);
  return *std::move(answer);
}

}  // namespace isthmus
