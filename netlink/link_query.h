// Asking the kernel for one link. Private to netlink/.
#pragma once

#include <functional>

#include "netlink/names.h"
#include "netlink/route_socket.h"

namespace isthmus {

// RTM_GETLINK for one link, without statistics; false when there is none.
Result<bool> query_link(RouteConversation& socket, const IfName& name, const std::function<void(const Reply&)>& read);
Result<bool> query_link(RouteConversation& socket, int ifindex, const std::function<void(const Reply&)>& read);

// "'eth0'": how an error names a link.
inline std::string link_object(const std::string& name) { return "'" + name + "'"; }

// An RTM_DELLINK for this index.
Message delete_link_message(int ifindex);

}  // namespace isthmus
