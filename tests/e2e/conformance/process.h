// A child run the way a container runtime runs a plugin: pipes for 0, 1 and 2, a whole environment, a deadline.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace isthmus::test {

struct Outcome {
  int status = -1;         // exit status; -1 when a signal ended it
  int signal = 0;          // the signal that ended it, or 0
  bool timed_out = false;  // killed by us, or a pipe stayed open although the child was dead
  std::string out;
  std::string err;
  double ms = 0;  // until it had exited and both pipes were at their end, as a runtime waits
};

struct ProcessSetup {
  enum class Stdin { pipe, closed, directory };
  enum class Stdout { pipe, nobody_reads, full };
  std::vector<std::string> argv;
  std::map<std::string, std::string> env;
  std::string input;
  Stdin stdin_kind = Stdin::pipe;
  Stdout stdout_kind = Stdout::pipe;
  std::size_t memory_limit = 0;  // RLIMIT_AS in bytes; 0: none
  bool without_net_admin = false;
};

class Process {
 public:
  explicit Process(const ProcessSetup& setup);
  ~Process();  // kills and reaps what was not finished
  Process(Process&& other) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  // True while the child itself (not its descendants) has not exited.
  bool running() const;
  // Feeds stdin and reads to the end of both pipes, then reaps. Kills the child at the timeout.
  Outcome finish(std::chrono::milliseconds timeout = std::chrono::seconds(20));

 private:
  void feed();
  bool drain(int& fd, std::string& into) const;
  void reap(Outcome& outcome);
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::string input_;
  std::size_t fed_ = 0;
  std::chrono::steady_clock::time_point started_;
};

}  // namespace isthmus::test
