// Deleting links without waiting for the kernel's grace period.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "netlink/neighbour.h"
#include "netlink/route_socket.h"
#include "netns/deadline.h"

namespace isthmus {

struct LinkRemoval {
  int ifindex;
  std::string name;
  // What the host remembers, on another link, of those who were behind this one.
  std::vector<NeighbourRef> neighbours = {};
  // Held open until the grace period is over: closing a netfilter socket waits for such a period too, but only whoever
  // closes it last.
  std::optional<FdRef> kept = {};
};

// Deletes the link and returns when the kernel has announced it gone (RTM_DELLINK): nothing of it can be seen or used
// any more. The request is sent by a child process, which has none of the caller's descriptors and waits out the grace
// period of netdev_run_todo() alone; it ends by itself. An error the kernel gives before that is reported here.
// Where a child cannot be had (fork fails), deletes and waits itself, through `host`. Absent is done.
//
// The neighbours are forgotten in the same datagram: before the link, because whoever asks for RTNL once it is
// announced gone waits until the kernel has let go of it, half a millisecond; and once more behind it, for what was
// learned between the two. Must not be called while a namespace thread lives. Fails with [link-delete].
Status delete_link_without_grace(const InNamespace<HostSide>& pass,
                                 RouteSocket<HostSide>& host,
                                 const LinkRemoval& removal,
                                 Deadline deadline);

}  // namespace isthmus
