// A program run under ptrace(2), with every process and thread that comes of it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace isthmus::bench {

// What one system call was and gave. Read when it returned, so that buffers it filled can be looked at.
struct SystemCall {
  pid_t thread;
  std::uint64_t number;
  std::uint64_t arguments[6];
  std::int64_t result;
};

// What the observer of a run is told. Nothing is told of the program that starts `command` before its execve(2).
struct Observer {
  // nullptr: the run is not stopped at system calls but stepped, and `step` is told each instruction's address.
  std::function<void(const SystemCall&)> call;
  std::function<void(std::uint64_t instruction)> step;
  std::function<void(bool thread)> born;  // a further process, or a thread of one
};

// Runs it to the end of every process and returns the exit status of the first, 128 + signal when it was killed.
// The command has our stdin, stdout and environment. -1: it could not be started or traced; errno says why.
int run_traced(const std::vector<std::string>& command, const Observer& observer);

}  // namespace isthmus::bench
