// Runs a command under ptrace(2) and stops it before and after each system call, so that a test can kill it there or
// make the call fail.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace isthmus::test {

// One stop. Entries and exits of system calls alternate in each thread.
struct Stop {
  int index = 0;  // 1 is the first stop after execve, counted over all threads
  pid_t thread = 0;
  bool main_process = false;  // false: a child of the command
  bool own_program = true;    // false: a child that has executed another program
  bool entry = false;
  long call = -1;                  // number of the system call
  unsigned long argument[6] = {};  // at the entry, and kept for the exit
  long result = 0;                 // at the exit
  bool is(long number) const { return call == number; }
};

enum class Do { go_on, kill, fail, answer, shorten };

// What to do at a stop: `fail` at an entry skips the call, which then returns -err; `answer` at an exit makes it
// return `value` instead; `shorten` at an entry makes the third argument `value`, the length that read(2), pread(2) and
// recvfrom(2) ask for.
struct Order {
  Do what = Do::go_on;
  int err = 0;
  long value = 0;
};

struct Traced {
  bool killed = false;
  int status = -1;  // exit status; -1 when a signal ended it
  int signal = 0;
  int stops = 0;
  std::string out;
  std::string err;
};

struct Command {
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  std::string input;  // at most what a pipe holds
  // Also stop its children (delegates, helpers); `kill` then kills all.
  bool children = false;
  // Its clock_nanosleep(2) returns at once, when traced: what it lets time pass for does not happen here.
  bool hasty = false;
};

// Returns when the command has ended, and with `children` each of them. Blocks SIGKILLed processes' remains for nobody:
// children that are not traced are left alone.
Traced trace(const Command& command, const std::function<Order(const Stop&)>& at_stop);
// Without stops, at full speed.
Traced finish(const Command& command);

// Reads and writes the memory of a stopped thread. False: it is not there.
bool read_memory(pid_t thread, unsigned long address, void* into, std::size_t size);
bool write_memory(pid_t thread, unsigned long address, const void* from, std::size_t size);

}  // namespace isthmus::test
