// What one ADD will do to the kernel, as data: pure, printable, comparable. Made from values, carried out by
// apply_plan().
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "netlink/address.h"
#include "netlink/bridge.h"
#include "netlink/bridge_vlan.h"
#include "netlink/link.h"
#include "netlink/neighbour.h"
#include "netlink/route.h"
#include "plugin/attachment/key.h"
#include "plugin/ipam/lease.h"

namespace isthmus {

// The links a plan speaks of. Their indexes are known only once the kernel has made them.
// `vlan` is the host's link into a VLAN of the bridge.
enum class End { host_veth, bridge, vlan, container_veth, container_lo };
std::string_view to_text(End end);

// The bridge is made, or taken as it is if `ifindex` says that it is there; so is one that somebody else makes
// meanwhile.
struct EnsureBridge {
  BridgeSpec spec;
  std::optional<int> ifindex;
  bool operator==(const EnsureBridge&) const = default;
};
// Likewise, on top of the bridge, which takes part in the VLAN.
struct EnsureVlanLink {
  IfName name;
  std::uint16_t vlan = 0;
  std::optional<int> ifindex;
  bool operator==(const EnsureVlanLink&) const = default;
};
// The host's end becomes a port of the bridge, if the plan has one.
struct CreateVeth {
  VethSpec spec;
  bool operator==(const CreateVeth&) const = default;
};
// `setting` is below /proc/sys/net and holds "IFNAME" where the link's name belongs: "ipv6/conf/IFNAME/accept_ra".
struct SetSysctl {
  End end;
  std::string setting;
  std::string value;
  bool if_present = false;  // a kernel without the setting (no IPv6) is fine
  bool operator==(const SetSysctl&) const = default;
};
struct ChangeLink {
  End end;
  LinkChange change;
  bool operator==(const ChangeLink&) const = default;
};
struct AddAddress {
  End end;
  AddressSpec spec;
  bool operator==(const AddAddress&) const = default;
};
struct DeleteAddress {
  End end;
  Prefix prefix;
  bool operator==(const DeleteAddress&) const = default;
};
struct SetNeighbour {
  End end;
  NeighbourSpec spec;
  bool operator==(const SetNeighbour&) const = default;
};
// Of the host's end.
struct SetBridgePort {
  BridgePortFlags flags;
  PortVlans vlans;
  bool operator==(const SetBridgePort&) const = default;
};
// Only frames from this MAC come in through the host's end.
struct GuardMac {
  MacAddress only;
  bool operator==(const GuardMac&) const = default;
};
// Everything before it is in force in the kernel, and the bridge forwards for the host's end. A bridge that runs the
// spanning tree protocol takes its time; it is not waited for.
struct AwaitForwarding {
  bool operator==(const AwaitForwarding&) const = default;
};
// No address of the container's end is tentative any more. Fails with [address-duplicate] when a neighbour has one.
struct AwaitAddresses {
  bool operator==(const AwaitAddresses&) const = default;
};
struct AddRoute {
  End end;
  RouteSpec spec;
  bool operator==(const AddRoute&) const = default;
};
// Turns on forwarding on the host for one family, and keeps the default routes that router advertisements gave it:
// a forwarding host ignores advertisements unless accept_ra is 2 (Documentation/networking/ip-sysctl.rst).
struct EnableForwarding {
  Family family;
  std::vector<std::string> ra_uplinks;
  bool operator==(const EnableForwarding&) const = default;
};

using Step = std::variant<EnsureBridge,
                          EnsureVlanLink,
                          CreateVeth,
                          SetSysctl,
                          ChangeLink,
                          AddAddress,
                          DeleteAddress,
                          AddRoute,
                          SetNeighbour,
                          SetBridgePort,
                          GuardMac,
                          AwaitForwarding,
                          AwaitAddresses,
                          EnableForwarding>;
using Plan = std::vector<Step>;

// "add address 10.244.1.5/32 to the container's veth": one line, for --dry-run, tests and logs.
std::string describe(const Step& step);

// A bridge as it was found, and what is in the way of its gateway's addresses.
struct BridgeFacts {
  MacAddress mac;  // its own, or the one it will get
  std::optional<LinkInfo> link;
  std::optional<LinkInfo> vlan_link;   // the host's link into the VLAN of the configuration
  std::vector<AddressInfo> addresses;  // of the link that has the gateway's
};

// What was read from the kernel before anything is decided.
struct Facts {
  IfName host_ifname;             // free on the host
  std::optional<Mtu> uplink_mtu;  // of the link by which the host reaches the world
  bool has_ipv6 = true;           // the kernel has IPv6; a sysctl may still have switched it off
  bool forwarding_v4 = false;     // as it is now
  bool forwarding_v6 = false;
  std::vector<std::string> ra_uplinks;  // links with a default route from router advertisements
  std::optional<BridgeFacts> bridge;    // in bridge mode
};

struct PlanRequest {
  const AttachmentKey& key;
  const std::string& pod;
  const Settings& settings;
  const Lease& lease;
  const Facts& facts;
};

// What the plan is for, and the result tells of: pure as well.
struct Design {
  VethSpec veth;
  std::optional<BridgeSpec> bridge;      // in bridge mode; the MAC is the one it has or gets
  std::vector<LeasedAddress> addresses;  // as they are on the container's end, with the gateway if there is one
  // Routes the container gets in answer to the lease, a default route that nobody gave included.
  std::vector<RouteSpec> routes;
};
// Those routes as the container has them: through the gateway of their family when they name none.
std::vector<RouteSpec> routes_in_container(const Design& design);

Design design_ptp(const PlanRequest& request);
Design design_bridge(const PlanRequest& request);

// Point to point: the pod's address as a host prefix, the gateway on the host's end, one host route to the pod.
// Fails with [ipam-no-gateway], or [bad-mtu] for IPv6 below 1280.
Result<Plan> plan_ptp(const PlanRequest& request, const Design& design);

// The host's end is a port of a bridge; the pod's address has its subnet's length, and the bridge the gateway's address
// if the configuration says so. Fails with [bad-mtu], [address-conflict], [bridge-...].
Result<Plan> plan_bridge(const PlanRequest& request, const Design& design);

// What the port's hairpin flag is, given or not.
bool hairpin_of(const BridgeConf& conf, bool has_addresses);

}  // namespace isthmus
