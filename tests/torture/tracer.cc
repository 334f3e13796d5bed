#include "tests/torture/tracer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include "netns/unique_fd.h"
#include "tests/torture/registers.h"

namespace isthmus::test {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts)
    result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

struct Started {
  pid_t pid = -1;
  UniqueFd gate;  // closing it lets the child execute
  UniqueFd out;
  UniqueFd err;
};

struct Pipe {
  UniqueFd read;
  UniqueFd write;
  Pipe() {
    std::array<int, 2> ends{-1, -1};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
  }
};

Started start(const Command& command) {
  Pipe in, out, err, gate;
  EXPECT_EQ(write(in.write.ref().number(), command.input.data(), command.input.size()),
            static_cast<ssize_t>(command.input.size()));
  in.write.reset();
  std::vector<char*> arguments = pointers(command.argv);
  std::vector<char*> environment = pointers(command.environment);
  Started started;
  started.pid = fork();
  if (started.pid == 0) {
    char byte = 0;
    gate.write.reset();
    while (read(gate.read.ref().number(), &byte, 1) < 0 && errno == EINTR) {
    }
    dup2(in.read.ref().number(), 0);
    dup2(out.write.ref().number(), 1);
    dup2(err.write.ref().number(), 2);
    execve(arguments[0], arguments.data(), environment.data());
    _exit(127);
  }
  started.gate = std::move(gate.write);
  started.out = std::move(out.read);
  started.err = std::move(err.read);
  fcntl(started.out.ref().number(), F_SETFL, O_NONBLOCK);
  fcntl(started.err.ref().number(), F_SETFL, O_NONBLOCK);
  return started;
}

std::string drain(const UniqueFd& fd) {
  std::string text;
  std::array<char, 65536> buffer;
  for (;;) {
    ssize_t got = read(fd.ref().number(), buffer.data(), buffer.size());
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

void conclude(const Started& started, int status, Traced& traced) {
  if (WIFEXITED(status)) traced.status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) traced.signal = WTERMSIG(status);
  traced.out = drain(started.out);
  traced.err = drain(started.err);
}

class Tracer {
 public:
  Tracer(const Command& command, const std::function<Order(const Stop&)>& at_stop)
      : command_(command), at_stop_(at_stop) {}

  Traced run() {
    Started started = start(command_);
    main_ = started.pid;
    unsigned long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (command_.children) options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
    EXPECT_EQ(ptrace(PTRACE_SEIZE, main_, 0, options), 0) << strerror(errno);
    threads_[main_];
    started.gate.reset();
    int main_status = 0;
    while (!threads_.empty()) {
      int status = 0;
      pid_t thread = waitpid(-1, &status, __WALL);
      if (thread < 0 && errno == EINTR) continue;
      if (thread < 0) break;
      if (WIFSTOPPED(status)) {
        stopped(thread, status);
        continue;
      }
      threads_.erase(thread);
      if (thread == main_) main_status = status;
    }
    conclude(started, main_status, traced_);
    return std::move(traced_);
  }

 private:
  struct Thread {
    bool known = false;
    bool of_main = false;
    bool own_program = true;
    bool shortened = false;
    std::optional<long> skipped;  // what the call that is skipped has to return
    Stop last;
  };

  // Threads of the command, and with `children` all others; the rest is let go.
  bool is_ours(pid_t id, Thread& thread) {
    if (thread.known) return true;
    thread.of_main = syscall(SYS_tgkill, main_, id, 0) == 0;
    if (!thread.of_main && !command_.children) {
      ptrace(PTRACE_DETACH, id, 0, 0);
      threads_.erase(id);
      let_go_.insert(id);
      return false;
    }
    thread.known = true;
    thread.own_program = runs_command(id);
    return true;
  }

  bool runs_command(pid_t id) const {
    struct stat wanted {
    }, found{};
    return stat(command_.argv[0].c_str(), &wanted) == 0 &&
           stat(("/proc/" + std::to_string(id) + "/exe").c_str(), &found) == 0 && wanted.st_ino == found.st_ino &&
           wanted.st_dev == found.st_dev;
  }

  void stopped(pid_t id, int status) {
    Thread& thread = threads_[id];
    if (!is_ours(id, thread)) return;
    const int number = WSTOPSIG(status);
    const int event = status >> 16;
    if (number == (SIGTRAP | 0x80)) {
      if (executed_) {
        at_system_call(id, thread);
        return;
      }
    } else if (event == PTRACE_EVENT_EXEC) {
      executed_ = true;
      thread.own_program = runs_command(id);
    } else if (event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK) {
      // Waited for even when all others have ended: it begins with a stop of its own.
      unsigned long born = 0;
      if (ptrace(PTRACE_GETEVENTMSG, id, 0, &born) == 0 && let_go_.erase(static_cast<pid_t>(born)) == 0)
        threads_[static_cast<pid_t>(born)];
    }
    bool for_it = event == 0 && (number & 0x80) == 0;
    ptrace(PTRACE_SYSCALL, id, 0, for_it ? number : 0);
  }

  void at_system_call(pid_t id, Thread& thread) {
    __ptrace_syscall_info info{};
    if (ptrace(PTRACE_GET_SYSCALL_INFO, id, sizeof info, &info) <= 0) return;
    Stop& stop = thread.last;
    stop.index = ++traced_.stops;
    stop.thread = id;
    stop.main_process = thread.of_main;
    stop.own_program = thread.own_program;
    stop.entry = info.op == PTRACE_SYSCALL_INFO_ENTRY;
    if (stop.entry) {
      stop.call = static_cast<long>(info.entry.nr);
      for (std::size_t i = 0; i < 6; ++i)
        stop.argument[i] = info.entry.args[i];
    } else {
      stop.result = static_cast<long>(info.exit.rval);
      if (thread.skipped) set_result(id, stop.result = *thread.skipped);
      thread.skipped.reset();
      // The compiler counts on a system call to leave this register as it was.
      if (thread.shortened) set_length(id, stop.argument[2]);
      thread.shortened = false;
    }
    const Order order = traced_.killed ? Order{} : at_stop_(stop);
    if (order.what == Do::kill) {
      kill_all();
      return;
    }
    carry_out(order, id, thread);
    if (command_.hasty && stop.entry && stop.is(SYS_clock_nanosleep)) skip(id, thread, 0);
    ptrace(PTRACE_SYSCALL, id, 0, 0);
  }

  static void skip(pid_t id, Thread& thread, long result) {
    set_call(id, -1);
    thread.skipped = result;
  }

  static void carry_out(const Order& order, pid_t id, Thread& thread) {
    const bool entry = thread.last.entry;
    if (order.what == Do::fail && entry) skip(id, thread, -order.err);
    if (order.what == Do::shorten && entry) {
      set_length(id, static_cast<unsigned long>(order.value));
      thread.shortened = true;
    }
    if (order.what == Do::answer && !entry) set_result(id, order.value);
  }

  void kill_all() {
    traced_.killed = true;
    kill(main_, SIGKILL);
    if (!command_.children) return;
    for (const auto& [id, thread] : threads_)
      if (thread.known && !thread.of_main) kill(id, SIGKILL);
  }

  const Command& command_;
  const std::function<Order(const Stop&)>& at_stop_;
  pid_t main_ = -1;
  bool executed_ = false;
  std::map<pid_t, Thread> threads_;
  std::set<pid_t> let_go_;  // before their parent's stop told of them
  Traced traced_;
};

}  // namespace

Traced trace(const Command& command, const std::function<Order(const Stop&)>& at_stop) {
  return Tracer(command, at_stop).run();
}

Traced finish(const Command& command) {
  Started started = start(command);
  started.gate.reset();
  int status = 0;
  while (waitpid(started.pid, &status, 0) < 0 && errno == EINTR) {
  }
  Traced traced;
  conclude(started, status, traced);
  return traced;
}

bool read_memory(pid_t thread, unsigned long address, void* into, std::size_t size) {
  iovec here{into, size};
  iovec there{reinterpret_cast<void*>(address), size};
  return process_vm_readv(thread, &here, 1, &there, 1, 0) == static_cast<ssize_t>(size);
}

bool write_memory(pid_t thread, unsigned long address, const void* from, std::size_t size) {
  iovec here{const_cast<void*>(from), size};
  iovec there{reinterpret_cast<void*>(address), size};
  return process_vm_writev(thread, &here, 1, &there, 1, 0) == static_cast<ssize_t>(size);
}

}  // namespace isthmus::test
