#include <linux/netlink.h>

#include <cerrno>
#include <cstring>

#include "netlink/kernel_socket.h"
#include "netlink/message.h"

namespace isthmus {
namespace {

// Where the attributes of the extended ack start, from the start of the message. An error that is not capped repeats
// the request's payload before them.
std::size_t attributes_offset(const nlmsghdr* message) {
  if (message->nlmsg_type == NLMSG_DONE) return NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(int));
  std::size_t offset = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(nlmsgerr));
  if ((message->nlmsg_flags & NLM_F_CAPPED) != 0 || message->nlmsg_len < offset) return offset;
  nlmsgerr body;
  std::memcpy(&body, reinterpret_cast<const std::byte*>(message) + NLMSG_HDRLEN, sizeof body);
  std::size_t repeated = body.msg.nlmsg_len;
  return repeated > NLMSG_HDRLEN ? offset + NLMSG_ALIGN(repeated - NLMSG_HDRLEN) : offset;
}

}  // namespace

Verdict read_verdict(const nlmsghdr* message) {
  auto* start = reinterpret_cast<const std::byte*>(message);
  std::size_t size = message->nlmsg_len;
  int code = 0;
  // Kernels before 2.6.32 sent an empty NLMSG_DONE; an error message without its number is none of the kernel's.
  if (size < NLMSG_HDRLEN + sizeof code) return message->nlmsg_type == NLMSG_DONE ? Verdict{} : Verdict{EBADMSG, {}};
  std::memcpy(&code, start + NLMSG_HDRLEN, sizeof code);
  if (code < -kLargestErrno) return Verdict{EBADMSG, {}};
  Verdict verdict{code < 0 ? -code : 0, {}};
  std::size_t offset = attributes_offset(message);
  if ((message->nlmsg_flags & NLM_F_ACK_TLVS) != 0 && offset < size) {
    verdict.detail = Attributes(start + offset, size - offset).text(NLMSGERR_ATTR_MSG).value_or("");
  }
  return verdict;
}

Error no_verdict(int err, const std::string& doing, const std::string& object) {
  switch (err) {
    case ETIMEDOUT:
      return Error{doing, object, err, "the kernel has not answered before the deadline", "netlink-timeout", {}};
    case ENOBUFS:
      return Error{doing, object, err, "the kernel dropped an answer; the change may have been made", "netlink-failed",
                   {}};
    case EMSGSIZE:
      return Error{doing, object, err, "the kernel's answer is longer than 32 KiB", "netlink-failed", {}};
    default:
      return Error{doing, object, err, "while talking to the kernel", "netlink-failed", {}};
  }
}

}  // namespace isthmus
