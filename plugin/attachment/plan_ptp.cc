#include <algorithm>
#include <charconv>
#include <set>

#include "plugin/attachment/plan.h"
#include "plugin/cni/hash.h"

namespace isthmus {
namespace {

constexpr std::uint32_t kEthernetMtu = 1500;
constexpr std::uint32_t kIpv6LeastMtu = 1280;       // RFC 8200, section 5
constexpr std::uint32_t kIpv6DefaultMetric = 1024;  // IP6_RT_PRIO_USER, net/ip6_route.h
constexpr std::uint8_t kScopeLink = 253;

bool has_family(const Lease& lease, Family family) {
  return std::any_of(lease.addresses.begin(), lease.addresses.end(),
                     [&](const LeasedAddress& leased) { return leased.address.family() == family; });
}

std::optional<IpAddress> gateway_of(const Lease& lease, Family family) {
  for (const auto& leased : lease.addresses) {
    if (leased.address.family() == family && leased.gateway) return leased.gateway;
  }
  return std::nullopt;
}

// A container's second network must not fight with its first for the same route, whichever is made first: routes
// without a metric get one that follows from the interface's name. 0 for eth0, 1 for eth1; net1, as a second network is
// often called, comes behind those, any other name somewhere behind that.
std::uint32_t metric_of_name(const IfName& name) {
  constexpr std::uint32_t kFirstOfNet = 100;
  constexpr std::uint32_t kFirstOfOthers = 1000;
  constexpr std::uint32_t kRoomForOthers = 60000;
  const std::string& text = name.text();
  const std::string_view prefix = std::string_view(text).substr(0, text.find_last_not_of("0123456789") + 1);
  std::uint32_t number = 0;
  auto [end, error] = std::from_chars(text.data() + prefix.size(), text.data() + text.size(), number);
  if (error == std::errc() && number < kFirstOfNet && (prefix == "eth" || prefix == "net")) {
    return number + (prefix == "net" ? kFirstOfNet : 0);
  }
  return kFirstOfOthers + static_cast<std::uint32_t>(hash_text(text) % kRoomForOthers);
}

std::optional<std::uint32_t> metric_for(const IfName& name, Family family) {
  std::uint32_t number = metric_of_name(name);
  if (number == 0) return std::nullopt;
  return family == Family::v4 ? number : kIpv6DefaultMetric + number;
}

void plan_host_end(Plan& plan, const PtpRequest& request, bool v6) {
  constexpr End kHost = End::host_veth;
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

void plan_container_addresses(Plan& plan, const PtpRequest& request, bool v6) {
  constexpr End kContainer = End::container_veth;
  plan.push_back(SetSysctl{kContainer, "ipv6/conf/IFNAME/accept_ra", "0", true});
  if (v6) {
    plan.push_back(SetSysctl{End::container_lo, "ipv6/conf/IFNAME/disable_ipv6", "0"});
    plan.push_back(SetSysctl{kContainer, "ipv6/conf/IFNAME/disable_ipv6", "0"});
    plan.push_back(SetSysctl{kContainer, "ipv6/conf/IFNAME/keep_addr_on_down", "1", true});
  }
  plan.push_back(ChangeLink{End::container_lo, {.up = true}});
  plan.push_back(ChangeLink{kContainer, {.up = true, .no_ipv6_address_generation = request.facts.has_ipv6}});
  if (v6) {
    plan.push_back(
        AddAddress{kContainer, {*Prefix::from(IpAddress::link_local(plan_veth(request).container_mac), 64)}});
  }
  for (const auto& leased : request.lease.addresses) {
    plan.push_back(AddAddress{kContainer, {Prefix::host(leased.address.address())}});
  }
}

// Everything the container sends goes to the gateway first; only the gateway itself is on the link.
void plan_container_routes(Plan& plan, const PtpRequest& request) {
  constexpr End kContainer = End::container_veth;
  const std::vector<RouteSpec> routes = plan_routes(request);
  for (Family family : {Family::v4, Family::v6}) {
    auto gateway = gateway_of(request.lease, family);
    if (!gateway) continue;
    auto metric = metric_for(request.key.ifname, family);
    plan.push_back(
        AddRoute{kContainer, {.destination = Prefix::host(*gateway), .scope = kScopeLink, .priority = metric}});
    bool default_route = std::any_of(routes.begin(), routes.end(), [&](const RouteSpec& route) {
      return route.destination.family() == family && route.destination.is_default();
    });
    for (const auto& leased : request.lease.addresses) {
      Prefix subnet = leased.address.network();
      if (default_route || subnet.family() != family || subnet == Prefix::host(subnet.address())) continue;
      plan.push_back(AddRoute{kContainer, {.destination = subnet, .gateway = gateway, .priority = metric}});
    }
  }
  for (RouteSpec route : routes) {
    auto family_gateway = gateway_of(request.lease, route.destination.family());
    bool stays_on_link = route.scope && *route.scope >= kScopeLink;
    if (!route.gateway && !stays_on_link) route.gateway = family_gateway;
    // No address of ours covers another gateway, so the kernel has to be told that it is a neighbour.
    route.onlink = route.gateway && route.gateway != family_gateway;
    plan.push_back(AddRoute{kContainer, route});
  }
}

}  // namespace

VethSpec plan_veth(const PtpRequest& request) {
  Mtu mtu = request.settings.mtu.value_or(request.facts.uplink_mtu.value_or(*Mtu::from(kEthernetMtu)));
  return {.host_name = request.facts.host_ifname,
          .host_mac = request.key.host_mac(),
          .container_name = request.key.ifname,
          .container_mac = request.settings.mac.value_or(request.key.container_mac()),
          .mtu = mtu,
          .master_ifindex = std::nullopt};
}

std::vector<RouteSpec> plan_routes(const PtpRequest& request) {
  std::vector<RouteSpec> routes = request.lease.routes;
  for (Family family : {Family::v4, Family::v6}) {
    bool given = std::any_of(routes.begin(), routes.end(),
                             [&](const RouteSpec& route) { return route.destination.family() == family; });
    auto gateway = gateway_of(request.lease, family);
    if (!given && gateway) routes.push_back({.destination = Prefix::everything(family), .gateway = gateway});
  }
  for (RouteSpec& route : routes) {
    if (!route.priority && !route.table) route.priority = metric_for(request.key.ifname, route.destination.family());
  }
  return routes;
}

Result<Plan> plan_ptp(const PtpRequest& request) {
  for (const auto& leased : request.lease.addresses) {
    if (leased.gateway) continue;
    return Error{"route '" + leased.address.text() + "'",
                 {},
                 0,
                 "IPAM gave no gateway, and ptp mode needs one",
                 "ipam-no-gateway",
                 "set 'gateway' in the 'ipam' section"};
  }
  const bool v4 = has_family(request.lease, Family::v4);
  const bool v6 = has_family(request.lease, Family::v6);
  VethSpec veth = plan_veth(request);
  if (v6 && veth.mtu && veth.mtu->octets() < kIpv6LeastMtu) {
    return Error{
        "use mtu " + std::to_string(veth.mtu->octets()) + " with IPv6", {}, 0, "the least is 1280", "bad-mtu", {}};
  }
  Plan plan;
  plan.push_back(CreateVeth{veth});
  if (v4 && !request.facts.forwarding_v4) plan.push_back(EnableForwarding{Family::v4, {}});
  if (v6 && !request.facts.forwarding_v6) plan.push_back(EnableForwarding{Family::v6, request.facts.ra_uplinks});
  plan_host_end(plan, request, v6);
  plan_container_addresses(plan, request, v6);
  plan_container_routes(plan, request);
  return plan;
}

}  // namespace isthmus
