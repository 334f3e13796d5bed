// A child process whose whole life is one sendmsg(2) that takes long. Private to netlink/.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "netns/result.h"
#include "netns/unique_fd.h"

namespace isthmus {

// The child has none of this process's descriptors but the socket and the one it is to keep: not the runtime's stdout
// pipe, which a reader waits on until the last copy is closed. Nobody waits for the child. It raises no signal when it
// ends (exit signal 0), so a caller's SIGCHLD handler and wait(2) never meet it; when this process has ended before it,
// init adopts and reaps it, as it would after a second fork, which is why there is none. A process that lives on
// collects its own at the next start(), so that a garbage collector of a thousand links does not leave a thousand
// zombies.
//
// The two share their memory (CLONE_VM): a copy of it, and of each page that one of them writes to, would cost more
// than all else that DEL does besides the kernel's own work. The child writes to nothing but a stack of its own.
class SenderProcess {
 public:
  // `datagram` is copied and sent through `socket`; `kept` is held open until that is done. Fails where the kernel
  // gives no process or no pidfd (before 5.3, or a seccomp filter) or cannot close descriptors in one call
  // (before 5.9).
  static Result<SenderProcess> start(FdRef socket, std::span<const std::byte> datagram, std::optional<FdRef> kept);
  // A pidfd: readable when the child has ended.
  FdRef ref() const { return pidfd_.ref(); }
  bool ended() const;

 private:
  explicit SenderProcess(UniqueFd pidfd) : pidfd_(std::move(pidfd)) {}
  UniqueFd pidfd_;
};

}  // namespace isthmus
