#include "netlink/link_removal.h"

#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>

#include "netlink/kernel_socket.h"
#include "netlink/link.h"
#include "netlink/link_query.h"
#include "netlink/sender_process.h"

namespace isthmus {
namespace {

constexpr std::uint32_t kLinkSequence = 1;  // the neighbours have none

struct Watch {
  const LinkRemoval& removal;
  KernelSocket announcements;   // RTNLGRP_LINK
  KernelSocket request;         // the child sends through it, this process reads the answer from it
  RouteSocket<HostSide>& host;  // for looking again

  std::string object() const { return link_object(removal.name); }
  Result<bool> announced();
  Result<bool> answered();
  Result<bool> overrun();
};

// A port that leaves its bridge is announced with RTM_DELLINK as well, in family AF_BRIDGE.
bool is_the_end_of(int ifindex, const nlmsghdr* message) {
  if (message->nlmsg_type != RTM_DELLINK) return false;
  auto header = Reply(message).header<ifinfomsg>();
  return header && header->ifi_family == AF_UNSPEC && header->ifi_index == ifindex;
}

// The announcement may have been among what was dropped: looks for the link itself.
Result<bool> Watch::overrun() {
  TRY(auto link, find_link(host, removal.ifindex));
  return !link.has_value();
}

Result<bool> Watch::announced() {
  for (;;) {
    auto datagram = announcements.receive_now();
    if (!datagram && datagram.error() == ETIMEDOUT) return false;
    if (!datagram) return overrun();
    MessageReader reader(*datagram);
    while (const nlmsghdr* message = reader.next()) {
      if (is_the_end_of(removal.ifindex, message)) return true;
    }
  }
}

Result<bool> Watch::answered() {
  for (;;) {
    auto datagram = request.receive_now();
    if (!datagram && datagram.error() == ETIMEDOUT) return false;
    if (!datagram) return no_verdict(datagram.error(), "delete link", object());
    const nlmsghdr* message = MessageReader(*datagram).next();
    // Of the neighbours only failures are told, and most are not there.
    if (message == nullptr || message->nlmsg_type != NLMSG_ERROR || message->nlmsg_seq != kLinkSequence) continue;
    Verdict verdict = read_verdict(message);
    if (verdict.err == 0 || verdict.err == ENODEV) return true;
    return Error{"delete link", object(), verdict.err, std::move(verdict.detail), "link-delete", {}};
  }
}

// Until one of the three is ready; false when the deadline passed.
Result<bool> wait_for_news(const Watch& watch, FdRef child, Deadline deadline) {
  std::array<pollfd, 3> waiting{{{watch.announcements.ref().number(), POLLIN, 0},
                                 {watch.request.ref().number(), POLLIN, 0},
                                 {child.number(), POLLIN, 0}}};
  int ready = poll(waiting.data(), waiting.size(), deadline.poll_timeout_ms());
  if (ready < 0 && errno != EINTR) return errno_error("wait for the end of link", watch.object(), "link-delete");
  return ready != 0 || !deadline.passed();
}

// True: gone. False: the child ended without having sent the request.
Result<bool> wait_until_gone(Watch& watch, const SenderProcess& child, Deadline deadline) {
  for (;;) {
    // Before the other two, so that an answer of a child that has ended is not missed.
    bool ended = child.ended();
    TRY(bool gone, watch.announced());
    if (!gone) {
      TRY(gone, watch.answered());
    }
    if (gone || ended) return gone;
    TRY(bool in_time, wait_for_news(watch, child.ref(), deadline));
    if (!in_time) return no_verdict(ETIMEDOUT, "delete link", watch.object());
  }
}

void append(std::vector<std::byte>& datagram, Message message) {
  auto* start = reinterpret_cast<const std::byte*>(message.raw());
  datagram.insert(datagram.end(), start, start + NLMSG_ALIGN(message.raw()->nlmsg_len));
}

std::vector<std::byte> request_of(const LinkRemoval& removal) {
  std::vector<std::byte> datagram;
  auto append_neighbours = [&] {
    for (const NeighbourRef& neighbour : removal.neighbours)
      append(datagram, delete_neighbour_message(neighbour));
  };
  append_neighbours();
  Message link = delete_link_message(removal.ifindex);
  link.raw()->nlmsg_flags |= NLM_F_ACK;
  link.raw()->nlmsg_seq = kLinkSequence;
  append(datagram, std::move(link));
  append_neighbours();
  return datagram;
}

Status delete_and_wait(RouteSocket<HostSide>& host, const LinkRemoval& removal) {
  TRY_OK(delete_link(host, removal.ifindex, removal.name));
  for (const NeighbourRef& neighbour : removal.neighbours)
    TRY_OK(delete_neighbour(host, neighbour));
  return done;
}

}  // namespace

Status delete_link_without_grace(const InNamespace<HostSide>& pass,
                                 RouteSocket<HostSide>& host,
                                 const LinkRemoval& removal,
                                 Deadline deadline) {
  if (!pass.here())
    return Error{"delete link", link_object(removal.name), 0, "the pass is another thread's", "internal", {}};
  if (deadline.passed()) return no_verdict(ETIMEDOUT, "delete link", link_object(removal.name));
  TRY(KernelSocket announcements, KernelSocket::open(RTMGRP_LINK, HostSide::kName));
  TRY(KernelSocket request, KernelSocket::open(0, HostSide::kName));
  auto child = SenderProcess::start(request.ref(), request_of(removal), removal.kept);
  if (!child) return delete_and_wait(host, removal);
  Watch watch{removal, std::move(announcements), std::move(request), host};
  TRY(bool gone, wait_until_gone(watch, *child, deadline));
  if (gone) return done;
  return delete_and_wait(host, removal);
}

}  // namespace isthmus
