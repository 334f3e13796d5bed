// Routes. (linux/rtnetlink.h)
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "netlink/ip.h"
#include "netlink/route_socket.h"

namespace isthmus {

// Routing protocol number of every route that isthmus adds, so that people, daemons and GC can tell them.
inline constexpr std::uint8_t kRouteProtocol = 73;

struct RouteSpec {
  Prefix destination;
  std::optional<IpAddress> gateway;
  bool onlink = false;                    // RTNH_F_ONLINK: the gateway is a neighbour although no route says so
  std::optional<std::uint8_t> scope;      // rtm_scope; absent: universe with a gateway, link without
  std::optional<std::uint32_t> table;     // absent: main (254)
  std::optional<std::uint32_t> priority;  // metric
  std::optional<std::uint32_t> mtu;       // RTAX_MTU
  std::optional<std::uint32_t> advmss;    // RTAX_ADVMSS
  bool operator==(const RouteSpec&) const = default;
};

// "10.0.0.0/8 via 10.1.0.1 table 100": for plans, logs and errors.
std::string describe(const RouteSpec& spec);

// Adds the route out of link `ifindex`; with `replace`, takes the place of one with the same key.
// Fails with err EEXIST if it is there already and `replace` is false.
void add_route(Batch& batch, int ifindex, const std::string& name, const RouteSpec& spec, bool replace = false);

struct RouteInfo {
  Prefix destination;
  std::optional<IpAddress> gateway;
  int out_ifindex = 0;  // 0 for multipath and for routes without a device
  std::uint32_t table = 0;
  std::uint32_t priority = 0;
  std::uint8_t scope = 0;
  std::uint8_t protocol = 0;
  std::uint8_t type = 0;  // RTN_UNICAST ...
};

// All unicast routes of all tables, both families, the local table left out.
Result<std::vector<RouteInfo>> list_routes(RouteConversation& socket);

// The link by which the namespace would reach `destination`; nullopt when no route leads there (none at all, or one of
// type unreachable, prohibit or blackhole). One look-up, no dump. 0.0.0.0 and :: are addresses of the namespace itself
// to the kernel: ask for an address of the outside world to find the uplink.
Result<std::optional<int>> outgoing_link(RouteConversation& socket, const IpAddress& destination);

}  // namespace isthmus
