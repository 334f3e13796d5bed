// Reads of a bridge before anything is decided. Nothing here changes anything.
#pragma once

#include "plugin/attachment/kernel.h"
#include "plugin/attachment/plan.h"
#include "plugin/cni/bridge_conf.h"
#include "plugin/ipam/lease.h"

namespace isthmus {

// ifalias of the bridges we make.
inline constexpr const char* kBridgeAlias = "isthmus bridge";

// Fails with [bridge-not-one] (the name is another kind of link's), [bridge-enslaved], [bridge-vlan] when the
// configuration wants VLANs that the bridge does not filter, and [address-conflict] when another link has the gateway's
// address, or a route to a part of its subnet leads elsewhere: then the bridge would take, or not get, what belongs to
// others. That is looked into only while the bridge does not have the address yet.
Result<BridgeFacts> look_at_bridge(Kernel<HostSide>& host, const BridgeConf& conf, const Lease& lease);

// The gateways of the lease as addresses of the bridge: as IPAM gave them, else the first of the subnet, as the
// official plugin takes it.
std::vector<Prefix> gateway_prefixes(const Lease& lease);

// The name of the host's link into the bridge's VLAN: "cni0.100". Fails with [bridge-vlan] if it is too long.
Result<IfName> vlan_link_name(const BridgeConf& conf, std::uint16_t vlan);

// The MAC of a bridge that is made: the same at each attempt, another on another machine, because two bridges may come
// to share a network.
MacAddress new_bridge_mac(const IfName& name);

}  // namespace isthmus
