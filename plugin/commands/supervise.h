// Work that may get stuck in the kernel is done by a process whose parent can always end.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "netns/deadline.h"

namespace isthmus {

// What follows a deadline of the work's own: the look under way then, and showing what was seen, on a node so busy that
// both take long.
inline constexpr std::chrono::milliseconds kGrace{2000};

// Runs `work` in a child, copies what it writes to stdout and stderr to ours, and returns its exit status; 128 and the
// signal if it was killed. nullopt at the deadline: the child got SIGKILL and is left to itself, because a process
// that waits in the kernel cannot be reaped. `work` must flush what it writes. 2, and a line on stderr, when stdout
// does not take it all; a reader who has gone away is no failure.
std::optional<int> supervise(Deadline deadline, const std::function<int()>& work);

}  // namespace isthmus
