// A child process that can neither outlive its use nor hold anything of ours: private pipes for 0, 1 and 2, no other
// descriptor, a process group of its own, default signals, SIGKILL when we die.
#pragma once

#include <string>
#include <vector>

#include "netns/deadline.h"
#include "netns/result.h"
#include "netns/unique_fd.h"

namespace isthmus {

// Its ends of our pipes, and the process.
struct RunningChild {
  pid_t pid = -1;
  UniqueFd pidfd;       // readable when it has ended
  UniqueFd input;       // to its stdin, non-blocking as the next three
  UniqueFd output;      // from its stdout
  UniqueFd errors;      // from its stderr
  UniqueFd exec_error;  // an int, the errno of a failed exec; closed without a byte when the program runs
};

// Forks and has the child execute `executable` with `environment` ("KEY=value"). Fails when no process or pipe is to be
// had. Nothing of another thread may be running: the child would keep its locks for ever.
Result<RunningChild> start_child(const std::string& executable, const std::vector<std::string>& environment);

struct ChildOutcome {
  enum class End { exited, signaled, timed_out, too_much_output, not_executed, input_failed };
  End end = End::exited;
  int number = 0;  // exit status, signal, or errno of the exec or of the write to its stdin, as `end` says
  std::string output;
  std::string errors;  // at most kMaxChildErrors bytes; the rest is read and dropped
};
inline constexpr std::size_t kMaxChildOutput = std::size_t{4} << 20;
inline constexpr std::size_t kMaxChildErrors = std::size_t{64} << 10;

// Runs it to its end with `input` as its stdin. Output is read until the program itself has ended: a daemon that it
// leaves behind may keep the pipes. At the deadline, or when it writes more than kMaxChildOutput, its group is killed.
// When `input` cannot be written to it, its group is killed too: what it answers to half a question is of no use. To
// read less than all is its own business. An executable that is just being written (ETXTBSY) is tried again for a
// while. Fails as start_child.
Result<ChildOutcome> run_child(const std::string& executable,
                               const std::vector<std::string>& environment,
                               const std::string& input,
                               Deadline deadline);

}  // namespace isthmus
