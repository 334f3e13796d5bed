// What one ADD will do to the kernel, as data: pure, printable, comparable. Made from values, carried out by
// apply_plan().
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "netlink/address.h"
#include "netlink/link.h"
#include "netlink/route.h"
#include "plugin/attachment/key.h"
#include "plugin/ipam/lease.h"

namespace isthmus {

// The links a plan speaks of. Their indexes are known only once the kernel has made them.
enum class End { host_veth, container_veth, container_lo };
std::string_view to_text(End end);

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

using Step = std::variant<CreateVeth, SetSysctl, ChangeLink, AddAddress, AddRoute, EnableForwarding>;
using Plan = std::vector<Step>;

// "add address 10.244.1.5/32 to the container's veth": one line, for --dry-run, tests and logs.
std::string describe(const Step& step);

// What was read from the kernel before anything is decided.
struct Facts {
  IfName host_ifname;             // free on the host
  std::optional<Mtu> uplink_mtu;  // of the link by which the host reaches the world
  bool has_ipv6 = true;           // the kernel has IPv6; a sysctl may still have switched it off
  bool forwarding_v4 = false;     // as it is now
  bool forwarding_v6 = false;
  std::vector<std::string> ra_uplinks;  // links with a default route from router advertisements
};

struct PtpRequest {
  const AttachmentKey& key;
  const std::string& pod;
  const Settings& settings;
  const Lease& lease;
  const Facts& facts;
};

// The link both results and steps speak of.
VethSpec plan_veth(const PtpRequest& request);
// Routes the container gets in answer to the lease, the default route that nobody gave included: those go into the
// result.
std::vector<RouteSpec> plan_routes(const PtpRequest& request);
// Point to point: the pod's address as a host prefix, the gateway on the host's end, one host route to the pod.
// Fails with [ipam-no-gateway], or [bad-mtu] for IPv6 below 1280.
Result<Plan> plan_ptp(const PtpRequest& request);

}  // namespace isthmus
