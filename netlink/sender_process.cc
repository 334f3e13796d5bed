#include "netlink/sender_process.h"

#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <memory>
#include <vector>

#include "netns/namespace_thread.h"
#include "netns/signals.h"

namespace isthmus {
namespace {

// What the child uses of the memory that both have. It lives as long as the child.
struct Order {
  pid_t child = 0;
  std::vector<std::byte> datagram;
  const void* bytes;
  std::size_t size;
  int socket;
  unsigned low;  // the descriptors that stay open
  unsigned high;
  alignas(16) std::array<std::byte, 8192> stack;
};

// Only the main thread starts children. Never destroyed: this process may end before them.
std::vector<std::unique_ptr<Order>>& orders() {
  static auto& all = *new std::vector<std::unique_ptr<Order>>;
  return all;
}

// Without errno, which the child would share with this process. ThreadSanitizer takes every clone(2) for a fork(2).
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
constexpr int kShared = CLONE_VM;
[[gnu::always_inline]] inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0) {
  long result = number;
  register long fourth asm("r10") = d;
  register long fifth asm("r8") = 0;
  register long sixth asm("r9") = 0;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
               : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__) && !defined(__SANITIZE_THREAD__)
constexpr int kShared = CLONE_VM;
[[gnu::always_inline]] inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0) {
  register long result asm("x0") = a;
  register long second asm("x1") = b;
  register long third asm("x2") = c;
  register long fourth asm("x3") = d;
  register long fifth asm("x4") = 0;
  register long sixth asm("x5") = 0;
  register long which asm("x8") = number;
  asm volatile("svc 0"
               : "+r"(result)
               : "r"(second), "r"(third), "r"(fourth), "r"(fifth), "r"(sixth), "r"(which)
               : "memory");
  return result;
}
#else
constexpr int kShared = 0;
[[gnu::always_inline]] inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0) {
  return syscall(number, a, b, c, d, 0, 0);
}
#endif

// System calls only, and nothing that a sanitizer or the C library would keep books of: those are the parent's.
// close_range(2) does not fail: start() has tried it.
__attribute__((no_sanitize("address", "thread", "undefined"))) int child_main(void* argument) {
  const Order& order = *static_cast<const Order*>(argument);
  if (order.low > 0) call(SYS_close_range, 0, order.low - 1);
  if (order.high > order.low + 1) call(SYS_close_range, order.low + 1, order.high - 1);
  call(SYS_close_range, order.high + 1L, UINT_MAX);
  call(SYS_sendto, order.socket, reinterpret_cast<long>(order.bytes), static_cast<long>(order.size), MSG_NOSIGNAL);
  call(SYS_exit_group, 0);
  return 0;
}

// Children with exit signal 0 are exactly what __WCLONE means: nobody else's are taken.
void collect_ended() {
  while (pid_t pid = waitpid(-1, nullptr, static_cast<int>(__WCLONE) | WNOHANG)) {
    if (pid < 0) return;
    std::erase_if(orders(), [pid](const auto& order) { return order->child == pid; });
  }
}

}  // namespace

Result<SenderProcess> SenderProcess::start(FdRef socket,
                                           std::span<const std::byte> datagram,
                                           std::optional<FdRef> kept) {
  TRY_OK(refuse_beside_namespace_thread());
  collect_ended();
  if (syscall(SYS_close_range, UINT_MAX, UINT_MAX, 0) != 0) return errno_error("start a process");
  Order* order = orders().emplace_back(std::make_unique_for_overwrite<Order>()).get();
  order->datagram.assign(datagram.begin(), datagram.end());
  order->bytes = order->datagram.data();
  order->size = order->datagram.size();
  order->socket = socket.number();
  const int other = kept ? kept->number() : socket.number();
  order->low = static_cast<unsigned>(std::min(socket.number(), other));
  order->high = static_cast<unsigned>(std::max(socket.number(), other));
  int pidfd = -1;
  pid_t pid = -1;
  {
    AllSignalsBlocked blocked;
    pid = clone(child_main, order->stack.end(), kShared | CLONE_PIDFD, order, &pidfd);
  }
  if (pid < 0) {
    Error error = errno_error("start a process");
    orders().pop_back();
    return error;
  }
  order->child = pid;
  return SenderProcess(UniqueFd(pidfd));
}

bool SenderProcess::ended() const {
  pollfd child{pidfd_.ref().number(), POLLIN, 0};
  return poll(&child, 1, 0) > 0;
}

}  // namespace isthmus
