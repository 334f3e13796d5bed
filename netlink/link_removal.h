// Deleting links without waiting for the kernel's grace period.
#pragma once

#include <optional>
#include <string>

#include "netlink/route_socket.h"
#include "netns/deadline.h"

namespace isthmus {

// Deletes the link and returns when the kernel has announced it gone (RTM_DELLINK): nothing of it can be seen or used
// any more. The request is sent by a child process, which has none of the caller's descriptors and waits out the grace
// period of netdev_run_todo() alone; it ends by itself. An error the kernel gives before that is reported here.
// Where a child cannot be had (fork fails), deletes and waits itself. Absent is done.
// The child also holds `kept` open until the grace period is over: closing a netfilter socket waits for such a period
// too, but only whoever closes it last.
// Must not be called while a namespace thread lives. Fails with [link-delete].
Status delete_link_without_grace(const InNamespace<HostSide>& pass,
                                 int ifindex,
                                 const std::string& name,
                                 Deadline deadline,
                                 std::optional<FdRef> kept = std::nullopt);

}  // namespace isthmus
