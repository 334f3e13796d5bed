#include "tests/fuzz/kernel.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sanitizer/asan_interface.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace isthmus::fuzz {
namespace {

struct Kernel {
  Bytes answers;
  std::size_t received = 0;
  std::uint32_t first_request = 0;  // sequence number of the first one in the last datagram
  void* poisoned = nullptr;
  std::size_t poisoned_size = 0;
};
Kernel kernel;

constexpr std::uint32_t kMostRequests = 64;

// Messages that answer a request by its place get its number.
void set_sequence_numbers(std::uint8_t* datagram, std::size_t size) {
  while (size >= sizeof(nlmsghdr)) {
    nlmsghdr header;
    std::memcpy(&header, datagram, sizeof header);
    if (header.nlmsg_seq < kMostRequests) header.nlmsg_seq += kernel.first_request;
    std::memcpy(datagram, &header, sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > size) return;
    std::size_t step = std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), size);
    datagram += step;
    size -= step;
  }
}

// The next datagram; the rest of the buffer may not be read until the next call. -1 when there is none.
ssize_t take_datagram(void* to, std::size_t room) {
  ASAN_UNPOISON_MEMORY_REGION(kernel.poisoned, kernel.poisoned_size);
  kernel.poisoned_size = 0;
  if (kernel.answers.size() < 2) {
    errno = ECONNRESET;
    return -1;
  }
  std::size_t size = kernel.answers[0] | static_cast<std::size_t>(kernel.answers[1]) << 8;
  kernel.answers = kernel.answers.subspan(2);
  size = std::min({size, kernel.answers.size(), room});
  if (size != 0) std::memcpy(to, kernel.answers.data(), size);
  kernel.answers = kernel.answers.subspan(size);
  set_sequence_numbers(static_cast<std::uint8_t*>(to), size);
  kernel.poisoned = static_cast<std::uint8_t*>(to) + size;
  kernel.poisoned_size = room - size;
  ASAN_POISON_MEMORY_REGION(kernel.poisoned, kernel.poisoned_size);
  ++kernel.received;
  return static_cast<ssize_t>(size);
}

void note_request(const void* bytes, std::size_t size) {
  nlmsghdr header;
  require(size >= sizeof header, "a request is a whole message");
  std::memcpy(&header, bytes, sizeof header);
  require(header.nlmsg_len <= size, "a request is sent whole");
  kernel.first_request = header.nlmsg_seq;
}

}  // namespace

void set_answers(Bytes answers) {
  kernel.answers = answers;
  kernel.received = 0;
}

std::size_t datagrams_received() { return kernel.received; }

RouteSocket<HostSide>& route_socket() {
  static auto socket = run_at_home([](const auto& pass) { return RouteSocket<HostSide>::open(pass); });
  require(socket.operator bool(), "a rtnetlink socket opens");
  return *socket;
}

NetfilterSocket& netfilter_socket() {
  static auto socket =
      run_at_home([](const auto& pass) { return NetfilterSocket::open(pass, Deadline::in(std::chrono::hours(100))); });
  require(socket.operator bool(), "a netfilter socket opens");
  return *socket;
}

}  // namespace isthmus::fuzz

extern "C" {
int __wrap_socket(int, int, int) { return open("/dev/null", O_RDWR | O_CLOEXEC); }
int __wrap_bind(int, const sockaddr*, socklen_t) { return 0; }
int __wrap_connect(int, const sockaddr*, socklen_t) { return 0; }
int __wrap_setsockopt(int, int, int, const void*, socklen_t) { return 0; }
ssize_t __wrap_send(int, const void* bytes, std::size_t size, int) {
  isthmus::fuzz::note_request(bytes, size);
  return static_cast<ssize_t>(size);
}
ssize_t __wrap_sendmsg(int, const msghdr* message, int) {
  isthmus::fuzz::note_request(message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
  return static_cast<ssize_t>(message->msg_iov[0].iov_len);
}
ssize_t __wrap_recv(int, void* to, std::size_t room, int) { return isthmus::fuzz::take_datagram(to, room); }
ssize_t __wrap_recvmsg(int, msghdr* message, int) {
  message->msg_flags = 0;
  if (message->msg_name != nullptr) std::memset(message->msg_name, 0, message->msg_namelen);
  return isthmus::fuzz::take_datagram(message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
}
}
