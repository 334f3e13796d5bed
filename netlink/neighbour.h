// Neighbour entries: which MAC address an IP address on a link has. (linux/neighbour.h)
#pragma once

#include <string>

#include "netlink/ip.h"
#include "netlink/names.h"
#include "netlink/route_socket.h"

namespace isthmus {

// An entry of the host's table.
struct NeighbourRef {
  int ifindex;
  IpAddress address;
};

struct NeighbourSpec {
  IpAddress address;
  MacAddress mac;
  bool operator==(const NeighbourSpec&) const = default;
};

// What the kernel has learned of the address becomes an entry as if the neighbour had just answered, that ages like any
// other. Nothing is added where it has learned nothing: its table has a limit for all namespaces together
// (net.ipv4.neigh.default.gc_thresh3, 1024), and is there to be filled by traffic. `name` is for errors only.
Status correct_neighbour(RouteConversation& socket, int ifindex, const std::string& name, const NeighbourSpec& spec);

// Absent entry or link is done.
Status delete_neighbour(RouteConversation& socket, const NeighbourRef& neighbour);

// An RTM_DELNEIGH for it. Private to netlink/.
Message delete_neighbour_message(const NeighbourRef& neighbour);

}  // namespace isthmus
