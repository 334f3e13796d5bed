// Bridges and their ports. (linux/if_bridge.h)
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "netlink/link.h"
#include "netlink/names.h"
#include "netlink/route_socket.h"

namespace isthmus {

struct BridgeSpec {
  IfName name;
  MacAddress mac;          // explicit: a bridge without one takes its lowest port's and changes it as ports come and go
  std::optional<Mtu> mtu;  // kernel default when absent
  bool vlan_filtering = false;
  bool operator==(const BridgeSpec&) const = default;
};

// Made by one message, down. Returns its ifindex. Fails with [bridge-create]; err EEXIST means that the name is taken,
// by a bridge or by something else; err EOPNOTSUPP with `vlan_filtering`: the kernel is built without it.
Result<int> create_bridge(RouteSocket<HostSide>& host, const BridgeSpec& spec);

// Sets both flags of a link that is a port already. `name` is for errors only.
void set_bridge_port(Batch& batch, int ifindex, const std::string& name, const BridgePortFlags& flags);

}  // namespace isthmus
