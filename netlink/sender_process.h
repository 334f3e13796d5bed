// A child process whose whole life is one sendmsg(2) that takes long. Private to netlink/.
#pragma once

#include <optional>

#include "netns/result.h"
#include "netns/unique_fd.h"

struct nlmsghdr;

namespace isthmus {

// The child has none of this process's descriptors but the socket and the one it is to keep: not the runtime's stdout
// pipe, which a reader waits on until the last copy is closed. Nobody waits for the child. It raises no signal when it
// ends (exit signal 0), so a caller's SIGCHLD handler and wait(2) never meet it; when this process has ended before it,
// init adopts and reaps it, as it would after a second fork, which is why there is none. A process that lives on
// collects its own at the next start(), so that a garbage collector of a thousand links does not leave a thousand
// zombies.
class SenderProcess {
 public:
  // `message` is sent through `socket`; `kept` is held open until that is done. Fails where the kernel gives no process
  // or no pidfd (before 5.3, or a seccomp filter).
  static Result<SenderProcess> start(FdRef socket, const nlmsghdr* message, std::optional<FdRef> kept);
  // A pidfd: readable when the child has ended.
  FdRef ref() const { return pidfd_.ref(); }
  bool ended() const;

 private:
  explicit SenderProcess(UniqueFd pidfd) : pidfd_(std::move(pidfd)) {}
  UniqueFd pidfd_;
};

}  // namespace isthmus
