// The descriptor below every rtnetlink conversation: opened, filled and emptied here, understood elsewhere.
// Private to netlink/.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "netns/deadline.h"
#include "netns/result.h"
#include "netns/unique_fd.h"

struct nlmsghdr;

namespace isthmus {

// The messages of one received datagram, each one whole; what is malformed ends the walk.
class MessageReader {
 public:
  explicit MessageReader(std::span<const std::byte> datagram) : rest_(datagram) {}
  // nullptr at the end.
  const nlmsghdr* next();

 private:
  std::span<const std::byte> rest_;
};

class KernelSocket {
 public:
  // Errno of a receive that gave nothing: ETIMEDOUT (deadline), ENOBUFS (the kernel dropped a message for want of
  // room), EMSGSIZE (a datagram longer than the buffer), or what recvmsg(2) said.
  using Received = Result<std::span<const std::byte>, int>;

  // In the network namespace of the calling thread, connected to the kernel: no process can send to it.
  // `groups` are RTMGRP_* bits to listen to, 0 for none. `where` is for errors only. Fails with [netlink-open].
  static Result<KernelSocket> open(std::uint32_t groups, const char* where);

  FdRef ref() const { return fd_.ref(); }
  // All pieces as one datagram; the kernel carries it out before this returns, which no deadline can cut short.
  // 0 or an errno.
  int send(std::span<const iovec> pieces) const;
  // One datagram, valid until the next call of this or the next two.
  Received receive(Deadline deadline);
  // What is there already; ETIMEDOUT when nothing is.
  Received receive_now();
  // For long dumps, of which the kernel then puts more into each datagram; the answer to a question about one thing
  // fits without.
  void make_room();

 private:
  explicit KernelSocket(UniqueFd fd);
  UniqueFd fd_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t room_;
};

inline constexpr int kLargestErrno = 4095;  // MAX_ERRNO, linux/err.h; another number is none of the kernel's

// What the kernel said of one request: NLMSG_ERROR, or the NLMSG_DONE of a dump.
struct Verdict {
  int err = 0;         // 0: done
  std::string detail;  // extended-ack text, NLMSGERR_ATTR_MSG
};
Verdict read_verdict(const nlmsghdr* message);

// The Error for a request whose verdict never came, from the errno of send() or receive().
Error no_verdict(int err, const std::string& doing, const std::string& object);

}  // namespace isthmus
