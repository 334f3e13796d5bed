#include "netlink/netfilter_socket.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "netlink/kernel_socket.h"

namespace isthmus {
namespace {

// The kernel makes no part of a dump longer than what was read before, and then than this.
constexpr std::size_t kNftBufferSize = 8192;
// Below the net.core.wmem_default of every kernel; a datagram that is longer asks for room.
constexpr std::size_t kUsualSendBuffer = 100000;

// NLMSG_ERROR, or the NLMSG_DONE of a dump.
struct Said {
  int err = 0;
  std::string detail;
};

Said read_said(const nlmsghdr* message) {
  std::size_t size = mnl_nlmsg_get_payload_len(message);
  int code = 0;
  if (size < sizeof code) return {message->nlmsg_type == NLMSG_DONE ? 0 : EBADMSG, {}};
  auto* start = static_cast<const std::byte*>(mnl_nlmsg_get_payload(message));
  std::memcpy(&code, start, sizeof code);
  if (code < -kLargestErrno) return {EBADMSG, {}};
  // NETLINK_CAP_ACK is on, so an error repeats the header of the request and nothing more.
  std::size_t before = message->nlmsg_type == NLMSG_DONE ? sizeof code : sizeof(nlmsgerr);
  Said said{code < 0 ? -code : 0, {}};
  if ((message->nlmsg_flags & NLM_F_ACK_TLVS) == 0 || before > size) return said;
  said.detail = NftAttributes(std::span(start, size).subspan(before)).text(NLMSGERR_ATTR_MSG).value_or("");
  return said;
}

Error failed(int err, const std::string& doing, const std::string& object) {
  switch (err) {
    case ETIMEDOUT:
      return Error{doing, object, err, "the kernel has not answered before the deadline", "netlink-timeout", {}};
    case ENOBUFS:
      return Error{doing, object, err, "the kernel dropped an answer; the change may have been made", "nft-failed", {}};
    default:
      return Error{doing, object, err, {}, "nft-failed", {}};
  }
}

const char* part_name(std::uint16_t type) {
  static constexpr std::array kParts = {"table", "chain", "rule", "set", "element"};
  std::size_t part = (type & 0xff) / 3;
  return part < kParts.size() ? kParts[part] : "object";
}

Error refused(const Said& said, const nlmsghdr* change, const std::string& doing, const std::string& object) {
  std::string detail = change == nullptr ? "the transaction was refused"
                                         : std::string("the ") + part_name(change->nlmsg_type) + " was refused";
  if (!said.detail.empty()) detail += ": " + said.detail;
  Error error{doing, object, said.err, std::move(detail), "nft-failed", {}};
  if (said.err == ENOENT || said.err == EOPNOTSUPP) {
    error.hint = "the kernel needs nf_tables with inet NAT and masquerade (Linux 5.2)";
  }
  return error;
}

void append(std::vector<std::byte>& out, std::span<const std::byte> bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// NFNL_MSG_BATCH_BEGIN or _END; a generation other than 0 makes the batch depend on it.
void append_bracket(std::vector<std::byte>& out, int type, std::uint32_t sequence, std::uint32_t generation) {
  alignas(nlmsghdr) std::array<std::byte, 64> buffer{};
  nlmsghdr* header = mnl_nlmsg_put_header(buffer.data());
  header->nlmsg_type = static_cast<std::uint16_t>(type);
  header->nlmsg_flags = NLM_F_REQUEST;
  header->nlmsg_seq = sequence;
  auto* extra = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
  extra->res_id = htons(NFNL_SUBSYS_NFTABLES);
  if (generation != 0) mnl_attr_put_u32_check(header, buffer.size(), NFNL_BATCH_GENID, htonl(generation));
  append(out, std::span(buffer).first(header->nlmsg_len));
}

// The messages of one datagram; what is malformed ends the walk.
const nlmsghdr* take_message(std::span<const std::byte>& rest) {
  auto* header = reinterpret_cast<const nlmsghdr*>(rest.data());
  // Not mnl_nlmsg_ok(), which takes a length of 2^31 and more for a small one.
  if (rest.size() < sizeof *header || header->nlmsg_len < sizeof *header || header->nlmsg_len > rest.size())
    return nullptr;
  rest = rest.subspan(std::min<std::size_t>(MNL_ALIGN(header->nlmsg_len), rest.size()));
  return header;
}

int open_in_this_thread(UniqueFd& fd) {
  fd = UniqueFd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  if (!fd) return errno;
  // Connected to the kernel, so that no process can send to it; that gives it a port of its own, too.
  sockaddr_nl kernel{AF_NETLINK, 0, 0, 0};
  if (connect(fd.ref().number(), reinterpret_cast<sockaddr*>(&kernel), sizeof kernel) != 0) return errno;
  int one = 1;
  setsockopt(fd.ref().number(), SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
  if (setsockopt(fd.ref().number(), SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one) != 0) return errno;
  return 0;
}

}  // namespace

NetfilterSocket::NetfilterSocket(UniqueFd fd, Deadline deadline)
    : fd_(std::move(fd)), deadline_(deadline), buffer_(std::make_unique_for_overwrite<std::byte[]>(kNftBufferSize)) {}

Result<NetfilterSocket> NetfilterSocket::open(const InNamespace<HostSide>& pass, Deadline deadline) {
  if (!pass.here()) {
    return Error{"open a netfilter socket", {}, 0, "the pass belongs to another thread", "internal", {}};
  }
  UniqueFd fd;
  if (int err = open_in_this_thread(fd); err != 0) {
    return errno_error_from(err, "open a netfilter socket", "on the host side", "nft-open");
  }
  return NetfilterSocket(std::move(fd), deadline);
}

int NetfilterSocket::send(std::span<const std::byte> datagram) const {
  if (datagram.size() > kUsualSendBuffer) {
    int room = static_cast<int>(datagram.size() * 2);
    setsockopt(fd_.ref().number(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
  }
  while (::send(fd_.ref().number(), datagram.data(), datagram.size(), MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

// Nearly always the answer is there when send(2) returns, so looking comes before waiting.
Result<std::span<const std::byte>, int> NetfilterSocket::receive() {
  for (;;) {
    ssize_t size = recv(fd_.ref().number(), buffer_.get(), kNftBufferSize, MSG_DONTWAIT | MSG_TRUNC);
    if (size > static_cast<ssize_t>(kNftBufferSize)) return EMSGSIZE;
    if (size >= 0) return std::span<const std::byte>(buffer_.get(), static_cast<std::size_t>(size));
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return errno;
    if (deadline_.passed()) return ETIMEDOUT;
    pollfd waiting{fd_.ref().number(), POLLIN, 0};
    if (poll(&waiting, 1, deadline_.poll_timeout_ms()) < 0 && errno != EINTR) return errno;
  }
}

Result<NftAnswers> NetfilterSocket::ask(std::span<NftMessage> requests,
                                        const std::string& doing,
                                        const std::string& object) {
  for (;;) {
    if (deadline_.passed()) return failed(ETIMEDOUT, doing, object);
    std::uint32_t first = last_sequence_ + 1;
    std::vector<std::byte> datagram;
    for (NftMessage& request : requests) {
      request.raw()->nlmsg_seq = ++last_sequence_;
      append(datagram, request.bytes());
    }
    if (int err = send(datagram); err != 0) return failed(err, doing, object);
    NftAnswers answers(requests.size());
    TRY(auto end, read_answers(first, answers, doing, object));
    if (end == DumpEnd::complete) return answers;
  }
}

// Answers with another sequence number belong to a request that was given up.
Result<NetfilterSocket::DumpEnd> NetfilterSocket::read_answers(std::uint32_t first,
                                                               NftAnswers& answers,
                                                               const std::string& doing,
                                                               const std::string& object) {
  DumpEnd end = DumpEnd::complete;
  for (std::size_t open = answers.replies_.size(); open > 0;) {
    auto received = receive();
    if (!received) return failed(received.error(), doing, object);
    auto& kept = answers.datagrams_.emplace_back(std::make_unique_for_overwrite<std::byte[]>(received->size()));
    std::memcpy(kept.get(), received->data(), received->size());
    std::span<const std::byte> rest(kept.get(), received->size());
    while (const nlmsghdr* message = take_message(rest)) {
      std::size_t index = message->nlmsg_seq - first;
      if (index >= answers.replies_.size()) continue;
      bool multipart = (message->nlmsg_flags & NLM_F_MULTI) != 0;
      if (multipart && (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) end = DumpEnd::interrupted;
      if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
        Said said = read_said(message);
        if (said.err != 0 && said.err != ENOENT) {
          return Error{doing, object, said.err, std::move(said.detail), "nft-failed", {}};
        }
        --open;
        continue;
      }
      auto* start = reinterpret_cast<const std::byte*>(message);
      answers.replies_[index].emplace_back(std::span(start, message->nlmsg_len));
      if (!multipart) --open;
    }
  }
  return end;
}

Result<bool> NetfilterSocket::commit(std::span<NftMessage> changes,
                                     std::uint32_t generation,
                                     const std::string& doing,
                                     const std::string& object) {
  if (changes.empty()) return true;
  if (deadline_.passed()) return failed(ETIMEDOUT, doing, object);
  std::uint32_t begin = ++last_sequence_;
  std::vector<std::byte> datagram;
  append_bracket(datagram, NFNL_MSG_BATCH_BEGIN, begin, generation);
  changes.back().raw()->nlmsg_flags |= NLM_F_ACK;
  for (NftMessage& change : changes) {
    change.raw()->nlmsg_seq = ++last_sequence_;
    append(datagram, change.bytes());
  }
  append_bracket(datagram, NFNL_MSG_BATCH_END, ++last_sequence_, 0);
  if (int err = send(datagram); err != 0) return failed(err, doing, object);

  // An error of the whole transaction carries the number of its beginning, and comes before those of its parts; after
  // one, the acknowledgement of the last part may never come.
  std::optional<Error> failure;
  for (;;) {
    auto received = receive();
    if (!received) return failed(received.error(), doing, object);
    auto rest = *received;
    while (const nlmsghdr* message = take_message(rest)) {
      std::size_t index = message->nlmsg_seq - begin;
      if (message->nlmsg_type != NLMSG_ERROR || index > changes.size()) continue;
      Said said = read_said(message);
      if (index == 0 && (said.err == ERESTART || said.err == EINTR)) return false;
      if (said.err != 0 && !failure) {
        failure = refused(said, index == 0 ? nullptr : changes[index - 1].raw(), doing, object);
      }
      if (index == 0 || index == changes.size()) {
        if (failure) return *std::move(failure);
        return true;
      }
    }
  }
}

}  // namespace isthmus
