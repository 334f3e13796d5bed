// Changes to what attachments share on the host, and what has to be waited for.
#pragma once

#include <string>
#include <vector>

#include "netlink/bridge.h"
#include "netlink/ip.h"
#include "plugin/attachment/kernel.h"

namespace isthmus {

// Makes the bridge, or finds the one that somebody made meanwhile. Returns its ifindex. Fails with [bridge-create],
// [bridge-not-one], or [bridge-vlan] on a kernel without VLAN filtering.
Result<int> ensure_bridge(Kernel<HostSide>& host, const BridgeSpec& spec);

// Likewise, for the host's link into a VLAN of a bridge. Fails with [vlan-create].
Result<int> ensure_vlan_link(Kernel<HostSide>& host, const IfName& name, int lower_ifindex, std::uint16_t vlan);

// Returns when the bridge forwards for the port, or has begun to learn before it does (spanning tree protocol: that
// takes half a minute, and is what the administrator wanted). Fails with [port-down] after two seconds without.
Status await_forwarding(Kernel<HostSide>& host, int port_ifindex, const std::string& name, Deadline deadline);

// Until the kernel has noticed that the container's end has a carrier: what is sent before is dropped without a word
// (linkwatch_do_dev(), net/core/link_watch.c), and on a busy machine that takes milliseconds. When it never does, that
// is no failure: neighbours ask, or find out when the address they remember does not answer.
Status await_running(Kernel<ContainerSide>& container, int ifindex, Deadline deadline);

// Returns when no address of the link is tentative. Fails with [address-duplicate], or [netlink-timeout] after five
// seconds.
Status await_addresses(Kernel<ContainerSide>& container, int ifindex, const std::string& name, Deadline deadline);

// Turns on forwarding for one family. Links in `ra_uplinks` keep listening to router advertisements, which a forwarding
// host otherwise ignores (Documentation/networking/ip-sysctl.rst, accept_ra). Fails with [sysctl-write].
Status enable_forwarding(Kernel<HostSide>& host, Family family, const std::vector<std::string>& ra_uplinks);

}  // namespace isthmus
