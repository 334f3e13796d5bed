#include "netlink/sender_process.h"

#include <linux/netlink.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdint>

#include "netns/namespace_thread.h"

namespace isthmus {
namespace {

bool close_between(unsigned first, unsigned last) {
  return first > last || syscall(SYS_close_range, first, last, 0) == 0;
}

// Async-signal-safe calls only: other threads of the parent may have held any lock. Ends without sending when it
// cannot rid itself of the descriptors; the parent then sees it end without an answer.
[[noreturn]] void child_main(int socket, const nlmsghdr* message, int kept) {
  auto low = static_cast<unsigned>(std::min(socket, kept));
  auto high = static_cast<unsigned>(std::max(socket, kept));
  bool alone = (low == 0 || close_between(0, low - 1)) && (high == low || close_between(low + 1, high - 1)) &&
               close_between(high + 1, UINT_MAX);
  if (alone) send(socket, message, message->nlmsg_len, MSG_NOSIGNAL);
  _exit(alone ? 0 : 1);
}

// Children with exit signal 0 are exactly what __WCLONE means: nobody else's are taken.
void collect_ended() {
  while (waitpid(-1, nullptr, static_cast<int>(__WCLONE) | WNOHANG) > 0) {
  }
}

}  // namespace

Result<SenderProcess> SenderProcess::start(FdRef socket, const nlmsghdr* message, std::optional<FdRef> kept) {
  TRY_OK(refuse_beside_namespace_thread());
  collect_ended();
  int pidfd = -1;
  clone_args args{};
  args.flags = CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  long pid = syscall(SYS_clone3, &args, sizeof args);
  if (pid < 0) return errno_error("start a process");
  if (pid == 0) child_main(socket.number(), message, kept ? kept->number() : socket.number());
  return SenderProcess(UniqueFd(pidfd));
}

bool SenderProcess::ended() const {
  pollfd child{pidfd_.ref().number(), POLLIN, 0};
  return poll(&child, 1, 0) > 0;
}

}  // namespace isthmus
