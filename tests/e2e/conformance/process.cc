#include "tests/e2e/conformance/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace isthmus::test {
namespace {

using Clock = std::chrono::steady_clock;

void close_fd(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts)
    result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

struct Pipes {
  std::array<int, 2> in{-1, -1}, out{-1, -1}, err{-1, -1};
};

// Runs in the child, between fork and exec.
void arrange(const ProcessSetup& setup, const Pipes& pipes) {
  ::signal(SIGPIPE, SIG_DFL);
  switch (setup.stdin_kind) {
    case ProcessSetup::Stdin::pipe:
      dup2(pipes.in[0], 0);
      break;
    case ProcessSetup::Stdin::closed:
      close(0);
      break;
    case ProcessSetup::Stdin::directory: {
      int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      dup2(directory, 0);
    }
  }
  dup2(pipes.out[1], 1);
  dup2(pipes.err[1], 2);
  if (setup.stdout_kind == ProcessSetup::Stdout::full) {
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    dup2(full, 1);
  }
  if (setup.memory_limit != 0) {
    rlimit limit{setup.memory_limit, setup.memory_limit};
    setrlimit(RLIMIT_AS, &limit);
  }
  if (setup.without_net_admin) prctl(PR_CAPBSET_DROP, CAP_NET_ADMIN, 0, 0, 0);
}

}  // namespace

Process::Process(const ProcessSetup& setup) : input_(setup.input), started_(Clock::now()) {
  Pipes pipes;
  if (pipe2(pipes.in.data(), O_CLOEXEC) != 0 || pipe2(pipes.out.data(), O_CLOEXEC) != 0 ||
      pipe2(pipes.err.data(), O_CLOEXEC) != 0) {
    ADD_FAILURE() << "pipe2: " << strerror(errno);
    return;
  }
  std::vector<std::string> argv = setup.argv;
  std::vector<std::string> env;
  for (const auto& [name, value] : setup.env)
    env.push_back(name + "=" + value);
  std::vector<char*> argv_pointers = pointers(argv);
  std::vector<char*> env_pointers = pointers(env);
  pid_ = fork();
  if (pid_ == 0) {
    arrange(setup, pipes);
    execve(argv_pointers[0], argv_pointers.data(), env_pointers.data());
    _exit(127);
  }
  close(pipes.in[0]);
  close(pipes.out[1]);
  close(pipes.err[1]);
  in_ = pipes.in[1];
  out_ = pipes.out[0];
  err_ = pipes.err[0];
  if (setup.stdout_kind == ProcessSetup::Stdout::nobody_reads) close_fd(out_);
  for (int fd : {in_, out_, err_})
    if (fd >= 0) fcntl(fd, F_SETFL, O_NONBLOCK);
  feed();
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      in_(std::exchange(other.in_, -1)),
      out_(std::exchange(other.out_, -1)),
      err_(std::exchange(other.err_, -1)),
      input_(std::move(other.input_)),
      fed_(other.fed_),
      started_(other.started_) {}

Process::~Process() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  for (int* fd : {&in_, &out_, &err_})
    close_fd(*fd);
}

void Process::signal(int number) const {
  if (pid_ > 0) kill(pid_, number);
}

bool Process::running() const {
  siginfo_t info{};
  return pid_ > 0 && waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

void Process::feed() {
  while (in_ >= 0 && fed_ < input_.size()) {
    ssize_t wrote = write(in_, input_.data() + fed_, input_.size() - fed_);
    if (wrote < 0 && errno == EAGAIN) return;
    if (wrote < 0) break;
    fed_ += static_cast<std::size_t>(wrote);
  }
  close_fd(in_);
}

bool Process::drain(int& fd, std::string& into) const {
  std::array<char, 65536> buffer;
  while (fd >= 0) {
    ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EAGAIN) return true;
    if (got <= 0) close_fd(fd);
    if (got > 0) into.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return false;
}

void Process::reap(Outcome& outcome) {
  int status = 0;
  if (pid_ > 0 && waitpid(pid_, &status, 0) == pid_) {
    if (WIFEXITED(status)) outcome.status = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  }
  pid_ = -1;
}

Outcome Process::finish(std::chrono::milliseconds timeout) {
  Outcome outcome;
  auto end = started_ + timeout;
  while (out_ >= 0 || err_ >= 0 || running()) {
    if (Clock::now() >= end) {
      outcome.timed_out = true;
      signal(SIGKILL);
      break;
    }
    std::array<pollfd, 3> waits{pollfd{in_, POLLOUT, 0}, pollfd{out_, POLLIN, 0}, pollfd{err_, POLLIN, 0}};
    poll(waits.data(), waits.size(), out_ >= 0 || err_ >= 0 ? 50 : 1);
    if ((waits[0].revents & POLLERR) != 0) close_fd(in_);
    feed();
    drain(out_, outcome.out);
    drain(err_, outcome.err);
  }
  reap(outcome);
  outcome.ms = std::chrono::duration<double, std::milli>(Clock::now() - started_).count();
  return outcome;
}

}  // namespace isthmus::test
