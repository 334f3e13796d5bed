// Whether a namespace forwards packets.
#pragma once

#include "netlink/ip.h"
#include "netlink/route_socket.h"

namespace isthmus {

// What net.ipv4.ip_forward or net.ipv6.conf.all.forwarding says, asked by RTM_GETNETCONF (Linux 3.6): /proc/sys/net
// gets slower with every namespace in which somebody looked there. Fails with EOPNOTSUPP where the kernel does not have
// the family.
Result<bool> forwards(RouteConversation& socket, Family family);

}  // namespace isthmus
