// What the plans of all modes have in common. Private to plugin/attachment/.
#pragma once

#include "plugin/attachment/plan.h"

namespace isthmus {

inline constexpr std::uint8_t kScopeLink = 253;  // RT_SCOPE_LINK

bool has_family(const Lease& lease, Family family);
std::optional<IpAddress> gateway_of(const std::vector<LeasedAddress>& addresses, Family family);

// A container's second network must not fight with its first for the same route, whichever is made first: routes
// without a metric get one that follows from the interface's name. nullopt: the kernel's default.
std::optional<std::uint32_t> metric_for(const IfName& name, Family family);
void give_metrics(std::vector<RouteSpec>& routes, const IfName& name);

VethSpec plan_veth(const PlanRequest& request);

// Fails with [bad-mtu].
Status require_ipv6_mtu(const VethSpec& veth, const Lease& lease);

// Settings, link and addresses of the container's end and its lo; the link goes up before it gets its addresses.
struct ContainerEnd {
  const PlanRequest& request;
  const Design& design;
  bool duplicate_detection = false;
  bool announce = false;  // tell the neighbours whenever the MAC is set
};
void plan_container_end(Plan& plan, const ContainerEnd& end);

void plan_container_routes(Plan& plan, const Design& design);

void plan_forwarding(Plan& plan, const PlanRequest& request);

}  // namespace isthmus
