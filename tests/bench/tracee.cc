#include "tests/bench/tracee.h"

#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <optional>

namespace isthmus::bench {
namespace {

constexpr long kOptions = PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC |
                          PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
constexpr int kCallStop = SIGTRAP | 0x80;

[[noreturn]] void start(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ptrace(PTRACE_TRACEME, 0, 0, 0);
  raise(SIGSTOP);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

std::uint64_t instruction_pointer([[maybe_unused]] pid_t thread) {
#ifdef __x86_64__
  return static_cast<std::uint64_t>(ptrace(PTRACE_PEEKUSER, thread, offsetof(user_regs_struct, rip), 0));
#else
  static std::uint64_t each = 0;
  return ++each;  // only told apart from the one before
#endif
}

class Run {
 public:
  Run(pid_t first, const Observer& observer) : first_(first), observer_(observer) {}
  int follow();

 private:
  void stopped(pid_t thread, int status);
  void trapped(pid_t thread);
  void at_call(pid_t thread);
  void go_on(pid_t thread, int signal) const {
    auto how = !executed_ ? PTRACE_CONT : observer_.call ? PTRACE_SYSCALL : PTRACE_SINGLESTEP;
    ptrace(how, thread, 0, signal);
  }

  pid_t first_;
  const Observer& observer_;
  bool executed_ = false;
  std::set<pid_t> known_;
  std::map<pid_t, SystemCall> begun_;
  std::map<pid_t, std::uint64_t> last_instruction_;
};

// A repeated string instruction traps at each repetition; it is one all the same.
void Run::trapped(pid_t thread) {
  if (!executed_ || !observer_.step) return;
  std::uint64_t at = instruction_pointer(thread);
  std::uint64_t& last = last_instruction_[thread];
  if (at != last) observer_.step(at);
  last = at;
}

void Run::at_call(pid_t thread) {
  __ptrace_syscall_info info{};
  if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return;
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
    SystemCall& call = begun_[thread];
    call = {thread, info.entry.nr, {}, 0};
    for (int i = 0; i < 6; ++i)
      call.arguments[i] = info.entry.args[i];
  } else if (auto begun = begun_.find(thread); info.op == PTRACE_SYSCALL_INFO_EXIT && begun != begun_.end()) {
    begun->second.result = info.exit.rval;
    observer_.call(begun->second);
    begun_.erase(begun);
  }
}

void Run::stopped(pid_t thread, int status) {
  const int signal = WSTOPSIG(status);
  const int event = status >> 16;
  int deliver = 0;
  if (known_.insert(thread).second) {
    ptrace(PTRACE_SETOPTIONS, thread, 0, kOptions);  // inherited, but for the first
  } else if (event == PTRACE_EVENT_EXEC) {
    executed_ = true;
  } else if (event != 0) {
    unsigned long child = 0;
    ptrace(PTRACE_GETEVENTMSG, thread, 0, &child);
    bool is_thread = access(("/proc/" + std::to_string(thread) + "/task/" + std::to_string(child)).c_str(), F_OK) == 0;
    if (executed_ && observer_.born) observer_.born(is_thread);
  } else if (signal == kCallStop) {
    if (executed_ && observer_.call) at_call(thread);
  } else if (signal == SIGTRAP) {
    trapped(thread);
  } else {
    deliver = signal;
  }
  go_on(thread, deliver);
}

int Run::follow() {
  int result = -1;
  for (;;) {
    int status = 0;
    pid_t thread = waitpid(-1, &status, __WALL);
    if (thread < 0 && errno == EINTR) continue;
    if (thread < 0) return result;
    if (WIFSTOPPED(status)) {
      stopped(thread, status);
      continue;
    }
    // A call that never returns, as exit_group(2).
    if (auto begun = begun_.find(thread); begun != begun_.end()) {
      if (observer_.call) observer_.call(begun->second);
      begun_.erase(begun);
    }
    if (thread == first_) result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
}

}  // namespace

int run_traced(const std::vector<std::string>& command, const Observer& observer) {
  // Stepping is one change of context after the other; on one processor they are several times cheaper.
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(static_cast<unsigned>(sched_getcpu()), &here);
  if (observer.step) sched_setaffinity(0, sizeof here, &here);
  pid_t first = fork();
  if (first < 0) return -1;
  if (first == 0) start(command);
  return Run(first, observer).follow();
}

}  // namespace isthmus::bench
