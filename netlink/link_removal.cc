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

struct Removal {
  int ifindex;
  const std::string& name;
  KernelSocket announcements;  // RTNLGRP_LINK
  KernelSocket request;        // the child sends through it, this process reads the answer from it
  RouteSocket<HostSide> host;  // for looking again, and for deleting without a child

  std::string object() const { return link_object(name); }
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
Result<bool> Removal::overrun() {
  TRY(auto link, find_link(host, ifindex));
  return !link.has_value();
}

Result<bool> Removal::announced() {
  for (;;) {
    auto datagram = announcements.receive_now();
    if (!datagram && datagram.error() == ETIMEDOUT) return false;
    if (!datagram) return overrun();
    MessageReader reader(*datagram);
    while (const nlmsghdr* message = reader.next()) {
      if (is_the_end_of(ifindex, message)) return true;
    }
  }
}

Result<bool> Removal::answered() {
  auto datagram = request.receive_now();
  if (!datagram && datagram.error() == ETIMEDOUT) return false;
  if (!datagram) return no_verdict(datagram.error(), "delete link", object());
  const nlmsghdr* message = MessageReader(*datagram).next();
  if (message == nullptr || message->nlmsg_type != NLMSG_ERROR) return false;
  Verdict verdict = read_verdict(message);
  if (verdict.err == 0 || verdict.err == ENODEV) return true;
  return Error{"delete link", object(), verdict.err, std::move(verdict.detail), "link-delete", {}};
}

// Until one of the three is ready; false when the deadline passed.
Result<bool> wait_for_news(const Removal& removal, FdRef child, Deadline deadline) {
  std::array<pollfd, 3> waiting{{{removal.announcements.ref().number(), POLLIN, 0},
                                 {removal.request.ref().number(), POLLIN, 0},
                                 {child.number(), POLLIN, 0}}};
  int ready = poll(waiting.data(), waiting.size(), deadline.poll_timeout_ms());
  if (ready < 0 && errno != EINTR) return errno_error("wait for the end of link", removal.object(), "link-delete");
  return ready != 0 || !deadline.passed();
}

// True: gone. False: the child ended without having sent the request.
Result<bool> watch(Removal& removal, const SenderProcess& child, Deadline deadline) {
  for (;;) {
    // Before the other two, so that an answer of a child that has ended is not missed.
    bool ended = child.ended();
    TRY(bool gone, removal.announced());
    if (!gone) {
      TRY(gone, removal.answered());
    }
    if (gone || ended) return gone;
    TRY(bool in_time, wait_for_news(removal, child.ref(), deadline));
    if (!in_time) return no_verdict(ETIMEDOUT, "delete link", removal.object());
  }
}

}  // namespace

Status delete_link_without_grace(const InNamespace<HostSide>& pass,
                                 int ifindex,
                                 const std::string& name,
                                 Deadline deadline,
                                 std::optional<FdRef> kept) {
  TRY(auto host, RouteSocket<HostSide>::open(pass));
  host.set_deadline(deadline);
  if (deadline.passed()) return no_verdict(ETIMEDOUT, "delete link", link_object(name));
  TRY(KernelSocket announcements, KernelSocket::open(RTMGRP_LINK, HostSide::kName));
  TRY(KernelSocket request, KernelSocket::open(0, HostSide::kName));
  Removal removal{ifindex, name, std::move(announcements), std::move(request), std::move(host)};

  Message message = delete_link_message(ifindex);
  message.raw()->nlmsg_flags |= NLM_F_ACK;
  auto child = SenderProcess::start(removal.request.ref(), message.raw(), kept);
  if (!child) return delete_link(removal.host, ifindex, name);
  TRY(bool gone, watch(removal, *child, deadline));
  if (gone) return done;
  return delete_link(removal.host, ifindex, name);
}

}  // namespace isthmus
