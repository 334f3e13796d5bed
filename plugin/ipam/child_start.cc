#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "netns/namespace_thread.h"
#include "netns/signals.h"
#include "plugin/ipam/child_process.h"

namespace isthmus {
namespace {

// The parent's and the child's end of one pipe. Never 0, 1 or 2, which the child is about to overwrite: a runtime may
// have started us with those closed.
struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Result<UniqueFd> above_stderr(UniqueFd fd) {
  if (fd.ref().number() > STDERR_FILENO) return fd;
  UniqueFd moved(fcntl(fd.ref().number(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!moved) return errno_error("duplicate a descriptor");
  return moved;
}

Result<Pipe> make_pipe() {
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("make a pipe");
  UniqueFd read(ends[0]);
  UniqueFd write(ends[1]);
  TRY(read, above_stderr(std::move(read)));
  TRY(write, above_stderr(std::move(write)));
  return Pipe{std::move(read), std::move(write)};
}

Status make_nonblocking(const UniqueFd& fd) {
  if (fcntl(fd.ref().number(), F_SETFL, O_NONBLOCK) != 0) return errno_error("make a pipe non-blocking");
  return done;
}

struct ChildSide {
  pid_t parent;
  int input;
  int output;
  int errors;
  int exec_error;
  const char* executable;
  char* const* arguments;
  char* const* environment;
};

// Everything in the child is a bare system call: between fork and exec nothing else is safe.
void reset_signals() {
  // exec resets handlers but keeps what is ignored, and runtimes written in Go may ignore SIGPIPE or SIGCHLD.
  // By the bare system call, because glibc keeps signals 32 and 33 to itself, also where a parent has them ignored. All
  // zero is the default action, whatever the order of the fields.
  const std::array<unsigned long, 8> by_default{};
  constexpr std::size_t kKernelSetSize = 8;  // bytes; _NSIG / 8 of the kernel
  for (int number = 1; number < NSIG; ++number)
    syscall(SYS_rt_sigaction, number, by_default.data(), nullptr, kKernelSetSize);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool arrange_descriptors(const ChildSide& side) {
  constexpr int kExecError = STDERR_FILENO + 1;
  if (dup2(side.input, STDIN_FILENO) < 0 || dup2(side.output, STDOUT_FILENO) < 0 ||
      dup2(side.errors, STDERR_FILENO) < 0) {
    return false;
  }
  if (side.exec_error != kExecError && dup3(side.exec_error, kExecError, O_CLOEXEC) < 0) return false;
  // Not only ours: what the runtime let us inherit is none of the child's business either.
  return syscall(SYS_close_range, kExecError + 1, ~0U, 0) == 0;
}

[[noreturn]] void become(const ChildSide& side) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Had the parent died before prctl, no signal would come any more.
  if (getppid() != side.parent) _exit(127);
  int report = side.exec_error;
  if (arrange_descriptors(side)) {
    report = STDERR_FILENO + 1;
    reset_signals();
    execve(side.executable, side.arguments, side.environment);
  }
  int err = errno;
  [[maybe_unused]] ssize_t wrote = write(report, &err, sizeof err);
  _exit(127);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const std::string& text : texts)
    out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace

Result<RunningChild> start_child(const std::string& executable, const std::vector<std::string>& environment) {
  TRY(Pipe input, make_pipe());
  TRY(Pipe output, make_pipe());
  TRY(Pipe errors, make_pipe());
  TRY(Pipe exec_error, make_pipe());
  for (UniqueFd* end : {&input.write, &output.read, &errors.read, &exec_error.read})
    TRY_OK(make_nonblocking(*end));

  const std::vector<std::string> argument = {executable};
  std::vector<char*> arguments = pointers(argument);
  std::vector<char*> variables = pointers(environment);
  ChildSide side{getpid(),
                 input.read.ref().number(),
                 output.write.ref().number(),
                 errors.write.ref().number(),
                 exec_error.write.ref().number(),
                 executable.c_str(),
                 arguments.data(),
                 variables.data()};
  TRY_OK(refuse_beside_namespace_thread());
  RunningChild child;
  {
    AllSignalsBlocked blocked;
    child.pid = fork();
    if (child.pid == 0) become(side);
  }
  if (child.pid < 0) return errno_error("start a process for", "'" + executable + "'");
  // Both sides do it, so that the group is there whoever comes first; fails harmlessly once the child has executed.
  setpgid(child.pid, child.pid);
  child.pidfd = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, child.pid, 0)));
  if (!child.pidfd) {
    Error error = errno_error("watch the process of", "'" + executable + "'");
    kill(child.pid, SIGKILL);
    waitpid(child.pid, nullptr, 0);
    return error;
  }
  child.input = std::move(input.write);
  child.output = std::move(output.read);
  child.errors = std::move(errors.read);
  child.exec_error = std::move(exec_error.read);
  return child;
}

}  // namespace isthmus
