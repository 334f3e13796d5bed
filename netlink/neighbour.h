// Neighbour entries: which MAC address an IP address on a link has. (linux/neighbour.h)
#pragma once

#include <string>

#include "netlink/ip.h"
#include "netlink/names.h"
#include "netlink/route_socket.h"

namespace isthmus {

struct NeighbourSpec {
  IpAddress address;
  MacAddress mac;
  bool operator==(const NeighbourSpec&) const = default;
};

// In place of whatever the kernel has learned: an entry as if the neighbour had just answered, that ages like any
// other. `name` is for errors only.
void replace_neighbour(Batch& batch, int ifindex, const std::string& name, const NeighbourSpec& spec);

// Absent entry or link is done.
Status delete_neighbour(RouteConversation& socket, int ifindex, const std::string& name, const IpAddress& address);

}  // namespace isthmus
