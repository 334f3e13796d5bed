#include <algorithm>
#include <set>

#include "plugin/attachment/plan_parts.h"

namespace isthmus {
namespace {

void plan_host_end(Plan& plan, const PlanRequest& request) {
  constexpr End kHost = End::host_veth;
  const bool v6 = has_family(request.lease, Family::v6);
  plan.push_back(SetSysctl{kHost, "ipv6/conf/IFNAME/accept_ra", "0", true});
  if (v6) plan.push_back(SetSysctl{kHost, "ipv6/conf/IFNAME/disable_ipv6", "0"});
  plan.push_back(ChangeLink{
      kHost,
      {.up = true, .alias = request.key.alias(request.pod), .no_ipv6_address_generation = request.facts.has_ipv6}});
  // The host forwards packets of others to the pod and needs a source of its own to ask for the neighbour (RFC
  // 4861, 7.2.2).
  if (v6) {
    Prefix link_local = *Prefix::from(IpAddress::link_local(request.key.host_mac()), 64);
    plan.push_back(AddAddress{kHost, {link_local, false}});
  }
  std::set<IpAddress> gateways;  // two addresses may share one
  for (const auto& leased : request.lease.addresses) {
    if (gateways.insert(*leased.gateway).second) {
      plan.push_back(AddAddress{kHost, {Prefix::host(*leased.gateway), false}});
    }
    RouteSpec to_pod{.destination = Prefix::host(leased.address.address())};
    plan.push_back(AddRoute{kHost, to_pod});
  }
}

// Everything the container sends goes to the gateway first; only the gateway itself is on the link.
void plan_ways_to_gateways(Plan& plan, const PlanRequest& request, const Design& design) {
  constexpr End kContainer = End::container_veth;
  for (Family family : {Family::v4, Family::v6}) {
    auto gateway = gateway_of(request.lease.addresses, family);
    if (!gateway) continue;
    auto metric = metric_for(request.key.ifname, family);
    plan.push_back(
        AddRoute{kContainer, {.destination = Prefix::host(*gateway), .scope = kScopeLink, .priority = metric}});
    bool default_route = std::any_of(design.routes.begin(), design.routes.end(), [&](const RouteSpec& route) {
      return route.destination.family() == family && route.destination.is_default();
    });
    for (const auto& leased : request.lease.addresses) {
      Prefix subnet = leased.address.network();
      if (default_route || subnet.family() != family || subnet == Prefix::host(subnet.address())) continue;
      plan.push_back(AddRoute{kContainer, {.destination = subnet, .gateway = gateway, .priority = metric}});
    }
  }
}

}  // namespace

Design design_ptp(const PlanRequest& request) {
  Design design{.veth = plan_veth(request), .bridge = {}, .addresses = {}, .routes = request.lease.routes};
  for (const auto& leased : request.lease.addresses)
    design.addresses.push_back({Prefix::host(leased.address.address()), leased.gateway});
  for (Family family : {Family::v4, Family::v6}) {
    bool given = std::any_of(design.routes.begin(), design.routes.end(),
                             [&](const RouteSpec& route) { return route.destination.family() == family; });
    auto gateway = gateway_of(request.lease.addresses, family);
    if (!given && gateway) design.routes.push_back({.destination = Prefix::everything(family), .gateway = gateway});
  }
  give_metrics(design.routes, request.key.ifname);
  return design;
}

Result<Plan> plan_ptp(const PlanRequest& request, const Design& design) {
  for (const auto& leased : request.lease.addresses) {
    if (leased.gateway) continue;
    return Error{"route '" + leased.address.text() + "'",
                 {},
                 0,
                 "IPAM gave no gateway, and ptp mode needs one",
                 "ipam-no-gateway",
                 "set 'gateway' in the 'ipam' section"};
  }
  TRY_OK(require_ipv6_mtu(design.veth, request.lease));
  Plan plan;
  plan.push_back(CreateVeth{design.veth});
  plan_forwarding(plan, request);
  plan_host_end(plan, request);
  plan_container_end(plan, {request, design});
  plan_ways_to_gateways(plan, request, design);
  plan_container_routes(plan, design);
  return plan;
}

}  // namespace isthmus
