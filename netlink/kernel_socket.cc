#include "netlink/kernel_socket.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace isthmus {
namespace {

// A link with all that it has takes two.
constexpr std::size_t kUsualRoom = 8192;
// The kernel fills dumps up to 32 KiB when the reader's buffer has that size (netlink_recvmsg, max_recvmsg_len).
constexpr std::size_t kMostRoom = 32768;

void switch_on(int fd, int option) {
  int one = 1;
  // Each is a comfort: without it replies are longer or less well explained, not wrong.
  setsockopt(fd, SOL_NETLINK, option, &one, sizeof one);
}

// 0 or an errno.
int bind_and_connect(int fd, std::uint32_t groups) {
  // The kernel picks a free port, at connect(2) as well: one made from the pid collides with other pid namespaces.
  sockaddr_nl own{AF_NETLINK, 0, 0, groups};
  if (groups != 0 && bind(fd, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0) return errno;
  sockaddr_nl kernel{AF_NETLINK, 0, 0, 0};
  if (connect(fd, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel) != 0) return errno;
  return 0;
}

}  // namespace

KernelSocket::KernelSocket(UniqueFd fd)
    : fd_(std::move(fd)), buffer_(std::make_unique_for_overwrite<std::byte[]>(kUsualRoom)), room_(kUsualRoom) {}

void KernelSocket::make_room() {
  if (room_ == kMostRoom) return;
  buffer_ = std::make_unique_for_overwrite<std::byte[]>(kMostRoom);
  room_ = kMostRoom;
}

Result<KernelSocket> KernelSocket::open(std::uint32_t groups, const char* where) {
  UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  int err = fd ? bind_and_connect(fd.ref().number(), groups) : errno;
  if (err != 0) {
    return errno_error_from(err, "open a rtnetlink socket", std::string("on the ") + where + " side", "netlink-open");
  }
  switch_on(fd.ref().number(), NETLINK_EXT_ACK);
  switch_on(fd.ref().number(), NETLINK_CAP_ACK);
  switch_on(fd.ref().number(), NETLINK_GET_STRICT_CHK);
  return KernelSocket(std::move(fd));
}

int KernelSocket::send(std::span<const iovec> pieces) const {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(pieces.size());
  while (sendmsg(fd_.ref().number(), &message, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

KernelSocket::Received KernelSocket::receive_now() {
  iovec piece{buffer_.get(), room_};
  sockaddr_nl sender{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_name = &sender;
  for (;;) {
    message.msg_namelen = sizeof sender;
    ssize_t size = recvmsg(fd_.ref().number(), &message, MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno == EAGAIN ? ETIMEDOUT : errno;
    if (sender.nl_pid != 0) continue;
    if ((message.msg_flags & MSG_TRUNC) != 0) return EMSGSIZE;
    return std::span<const std::byte>(buffer_.get(), static_cast<std::size_t>(size));
  }
}

KernelSocket::Received KernelSocket::receive(Deadline deadline) {
  for (;;) {
    // Nearly always the answer is there when sendmsg(2) returns, so looking comes before waiting.
    auto received = receive_now();
    if (received || received.error() != ETIMEDOUT || deadline.passed()) return received;
    pollfd waiting{fd_.ref().number(), POLLIN, 0};
    if (poll(&waiting, 1, deadline.poll_timeout_ms()) < 0 && errno != EINTR) return errno;
  }
}

const nlmsghdr* MessageReader::next() {
  if (rest_.size() < sizeof(nlmsghdr)) return nullptr;
  auto* header = reinterpret_cast<const nlmsghdr*>(rest_.data());
  if (header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > rest_.size()) return nullptr;
  rest_ = rest_.subspan(std::min<std::size_t>(NLMSG_ALIGN(header->nlmsg_len), rest_.size()));
  return header;
}

}  // namespace isthmus
