#include "plugin/ipam/child_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>

namespace isthmus {
namespace {

using std::chrono::milliseconds;

// How long a killed child may take to go before it is left to init: it hangs in the kernel then.
constexpr milliseconds kReapTime{1000};

// A disposition for as long as the object lives. SIGPIPE ignored: a child that does not read its stdin must not end
// us. SIGCHLD default: were it ignored, as a parent may bequeath it, the exit status would be thrown away.
class SignalSet {
 public:
  SignalSet(int number, void (*handler)(int)) : number_(number) {
    struct sigaction action {};
    action.sa_handler = handler;
    sigaction(number_, &action, &before_);
  }
  ~SignalSet() { sigaction(number_, &before_, nullptr); }
  SignalSet(const SignalSet&) = delete;
  SignalSet& operator=(const SignalSet&) = delete;

 private:
  int number_;
  struct sigaction before_ {};
};

class Conversation {
 public:
  Conversation(RunningChild child, std::string_view input) : child_(std::move(child)), unsent_(input) {}
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;
  // Whatever happens, nothing of the child is left running or unreaped.
  ~Conversation() {
    if (!reaped_) kill_and_reap();
  }

  ChildOutcome run(Deadline deadline);

 private:
  bool wait_for_something(Deadline deadline);
  void send();
  void receive(UniqueFd& from, std::string& into, std::size_t limit);
  void receive_all();
  void reap(int options);
  void kill_and_reap();
  ChildOutcome stopped(ChildOutcome::End end, int number = 0);

  RunningChild child_;
  std::string_view unsent_;
  ChildOutcome outcome_;
  std::string exec_error_;
  int input_error_ = 0;
  bool ended_ = false;
  bool reaped_ = false;
};

// False at the deadline.
bool Conversation::wait_for_something(Deadline deadline) {
  auto watch = [](const UniqueFd& fd, short events) { return pollfd{fd ? fd.ref().number() : -1, events, 0}; };
  std::array<pollfd, 5> watched = {watch(child_.pidfd, POLLIN), watch(child_.input, POLLOUT),
                                   watch(child_.output, POLLIN), watch(child_.errors, POLLIN),
                                   watch(child_.exec_error, POLLIN)};
  int ready = poll(watched.data(), watched.size(), deadline.poll_timeout_ms());
  ended_ = ready > 0 && watched[0].revents != 0;
  return !deadline.passed() || ended_;
}

void Conversation::send() {
  if (!child_.input) return;
  while (!unsent_.empty()) {
    ssize_t wrote = write(child_.input.ref().number(), unsent_.data(), unsent_.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && errno == EAGAIN) return;
    if (wrote < 0 && errno != EPIPE) input_error_ = errno;
    if (wrote < 0) break;  // EPIPE: it wants no more
    unsent_.remove_prefix(static_cast<std::size_t>(wrote));
  }
  child_.input.reset();
}

void Conversation::receive(UniqueFd& from, std::string& into, std::size_t limit) {
  std::array<char, 16384> buffer;
  while (from) {
    ssize_t got = read(from.ref().number(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      from.reset();
      return;
    }
    std::size_t room = limit - std::min(limit, into.size());
    into.append(buffer.data(), std::min(room, static_cast<std::size_t>(got)));
    // Back to the deadline after each buffer: a child that never stops writing must not keep us here.
    if (!ended_) return;
    if (room == 0) return;
  }
}

void Conversation::receive_all() {
  // One more byte than allowed tells "full" from "too much".
  receive(child_.output, outcome_.output, kMaxChildOutput + 1);
  receive(child_.errors, outcome_.errors, kMaxChildErrors);
  receive(child_.exec_error, exec_error_, sizeof(int));
}

void Conversation::reap(int options) {
  int status = 0;
  pid_t got = 0;
  do {
    got = waitpid(child_.pid, &status, options);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return;
  reaped_ = true;
  if (got < 0) return;
  bool exited = WIFEXITED(status);
  outcome_.end = exited ? ChildOutcome::End::exited : ChildOutcome::End::signaled;
  outcome_.number = exited ? WEXITSTATUS(status) : WTERMSIG(status);
}

void Conversation::kill_and_reap() {
  // The group while its leader is not reaped: the number cannot have been given to somebody else.
  kill(-child_.pid, SIGKILL);
  kill(child_.pid, SIGKILL);
  pollfd watched{child_.pidfd ? child_.pidfd.ref().number() : -1, POLLIN, 0};
  Deadline deadline = Deadline::in(kReapTime);
  while (poll(&watched, 1, deadline.poll_timeout_ms()) < 0 && errno == EINTR && !deadline.passed()) {
  }
  reap(WNOHANG);
}

ChildOutcome Conversation::stopped(ChildOutcome::End end, int number) {
  kill_and_reap();
  outcome_.end = end;
  outcome_.number = number;
  return std::move(outcome_);
}

ChildOutcome Conversation::run(Deadline deadline) {
  while (!ended_) {
    bool in_time = wait_for_something(deadline);
    send();
    receive_all();
    if (outcome_.output.size() > kMaxChildOutput) return stopped(ChildOutcome::End::too_much_output);
    if (input_error_ != 0) return stopped(ChildOutcome::End::input_failed, input_error_);
    if (!in_time) return stopped(ChildOutcome::End::timed_out);
  }
  reap(0);
  if (exec_error_.size() == sizeof(int)) {
    outcome_.end = ChildOutcome::End::not_executed;
    std::copy_n(exec_error_.data(), sizeof(int), reinterpret_cast<char*>(&outcome_.number));
  }
  return std::move(outcome_);
}

Result<ChildOutcome> run_once(const std::string& executable,
                              const std::vector<std::string>& environment,
                              const std::string& input,
                              Deadline deadline) {
  TRY(RunningChild child, start_child(executable, environment));
  return Conversation(std::move(child), input).run(deadline);
}

}  // namespace

Result<ChildOutcome> run_child(const std::string& executable,
                               const std::vector<std::string>& environment,
                               const std::string& input,
                               Deadline deadline) {
  constexpr int kTries = 20;
  constexpr milliseconds kPause{10};
  SignalSet no_pipe_signal(SIGPIPE, SIG_IGN);
  SignalSet child_signal(SIGCHLD, SIG_DFL);
  for (int attempt = 1;; ++attempt) {
    TRY(ChildOutcome outcome, run_once(executable, environment, input, deadline));
    bool being_written = outcome.end == ChildOutcome::End::not_executed && outcome.number == ETXTBSY;
    if (!being_written || attempt == kTries || deadline.passed()) return outcome;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace isthmus
