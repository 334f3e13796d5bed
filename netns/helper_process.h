// Work that may block for ever, such as opening a path on FUSE or NFS, is done by a process of its own that can be left
// behind. A thread would not do: a process with one unkillable thread is never reaped, and its caller hangs with it.
#pragma once

#include <functional>

#include "netns/deadline.h"
#include "netns/result.h"
#include "netns/unique_fd.h"

namespace isthmus {

// What the helper hands back: a descriptor, or the errno of what failed (0 with an empty descriptor is plain success).
struct HelperAnswer {
  int err = 0;
  UniqueFd fd;
};

// Forks, runs `work` in the child and returns its answer. The child has no descriptor but the socket of its answer (no
// stdin, stdout or stderr either), a session of its own, / as its directory, and default signals; `work` may use
// memory, but must open anew whatever it needs.
// At the deadline the child is abandoned, not killed: SIGKILL would turn a FUSE wait that can still end into one that
// cannot. It ends by itself when its wait does, and it holds nothing.
// Fails with [internal] while a namespace thread lives.
// Fails with err ETIMEDOUT when late; otherwise when no process is to be had or the child was killed. The word is for
// the caller to add.
Result<HelperAnswer> run_in_helper(Deadline deadline, const std::function<HelperAnswer()>& work);

}  // namespace isthmus
