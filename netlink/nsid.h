// The numbers by which one network namespace knows others: what a link says of where its other end is.
#pragma once

#include <sys/types.h>

#include <optional>

#include "netlink/route_socket.h"

namespace isthmus {

// The number by which the socket's namespace knows that of a task (RTM_GETNSID); nullopt: it has none, so no link here
// has its other end there, or the task has ended.
Result<std::optional<int>> nsid_of_task(RouteConversation& socket, pid_t tid);
// The same of a namespace.
Result<std::optional<int>> nsid_of_netns(RouteConversation& socket, FdRef netns);

}  // namespace isthmus
