// All links of a namespace, and which namespace a link's other end is in. For looking around, not for ADD: a dump costs
// more with each link.
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "netlink/link.h"

namespace isthmus {

struct ListedLink {
  LinkInfo link;
  // IFLA_LINK_NETNSID: the number by which this namespace knows that of the other end; nullopt: it is the same.
  std::optional<int> peer_nsid;
};

// Every link of the socket's namespace, in the kernel's order. Fails as RouteConversation::dump() does.
Result<std::vector<ListedLink>> list_links(RouteConversation& socket);

// The number by which the socket's namespace knows that of a task (RTM_GETNSID); nullopt: it has none, so no link here
// has its other end there, or the task has ended.
Result<std::optional<int>> nsid_of_task(RouteConversation& socket, pid_t tid);
// The same of a namespace.
Result<std::optional<int>> nsid_of_netns(RouteConversation& socket, FdRef netns);

}  // namespace isthmus
