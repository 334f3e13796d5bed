// VLANs on a bridge that filters them, and a host's own link into one. (linux/if_bridge.h; `man 8 bridge`)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "netlink/names.h"
#include "netlink/route_socket.h"

namespace isthmus {

inline constexpr std::uint16_t kDefaultVlan = 1;  // what a bridge gives each new port, untagged
inline constexpr std::uint16_t kLastVlan = 4094;  // 0 and 4095 are reserved (IEEE 802.1Q)

struct VlanRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  bool operator==(const VlanRange&) const = default;
};

struct PortVlans {
  std::optional<std::uint16_t> untagged;  // what comes in without a tag belongs to it, what goes out loses the tag
  std::vector<VlanRange> tagged;
  bool drop_default = false;  // take the port out of kDefaultVlan
  bool empty() const { return !untagged && tagged.empty() && !drop_default; }
  bool operator==(const PortVlans&) const = default;
};

// Makes the bridge's port a member of these VLANs: a range is two entries, however long it is. Refused with EOPNOTSUPP
// by a kernel without VLAN filtering. `name` is for errors only.
void set_port_vlans(Batch& batch, int ifindex, const std::string& name, const PortVlans& vlans);

// What is missing or too much of these VLANs at the port, one line each. A dump of the host's bridge ports, so for
// CHECK only. A kernel without VLAN filtering has none of them.
Result<std::vector<std::string>> port_vlan_differences(RouteConversation& socket, int ifindex, const PortVlans& wanted);

// Lets the host itself take part in a VLAN of its bridge.
void join_bridge_vlan(Batch& batch, int bridge_ifindex, const std::string& name, std::uint16_t vlan);

// A link of kind "vlan" on top of another, which has its MAC and goes away with it. Returns its ifindex. Fails with
// [vlan-create]; err EEXIST means that the name is taken, EOPNOTSUPP that the kernel has no such kind.
Result<int> create_vlan_link(RouteSocket<HostSide>& host, const IfName& name, int lower_ifindex, std::uint16_t vlan);

}  // namespace isthmus
