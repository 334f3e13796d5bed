// Bridges and their ports. (linux/if_bridge.h)
#pragma once

#include <cstdint>
#include <optional>
#include <string>

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

struct BridgePortFlags {
  bool hairpin = false;   // frames may go back out of the port they came from
  bool isolated = false;  // no frames from and to other isolated ports
  bool operator==(const BridgePortFlags&) const = default;
};

// Sets both flags of a link that is a port already. `name` is for errors only.
void set_bridge_port(Batch& batch, int ifindex, const std::string& name, const BridgePortFlags& flags);

struct BridgePortInfo {
  std::uint8_t state = 0;  // BR_STATE_*: 3 is forwarding, 0 disabled (no carrier)
  BridgePortFlags flags;
};

// nullopt: there is no such link, or it is not a bridge's port.
Result<std::optional<BridgePortInfo>> find_bridge_port(RouteConversation& socket, int ifindex);

}  // namespace isthmus
