#include "plugin/attachment/plan_parts.h"

#include <algorithm>
#include <charconv>

#include "plugin/cni/hash.h"

namespace isthmus {
namespace {

constexpr std::uint32_t kEthernetMtu = 1500;
constexpr std::uint32_t kIpv6LeastMtu = 1280;       // RFC 8200, section 5
constexpr std::uint32_t kIpv6DefaultMetric = 1024;  // IP6_RT_PRIO_USER, net/ip6_route.h

// 0 for eth0, 1 for eth1; net1, as a second network is often called, comes behind those, any other name somewhere
// behind that.
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

}  // namespace

bool has_family(const Lease& lease, Family family) {
  return std::any_of(lease.addresses.begin(), lease.addresses.end(),
                     [&](const LeasedAddress& leased) { return leased.address.family() == family; });
}

std::optional<IpAddress> gateway_of(const std::vector<LeasedAddress>& addresses, Family family) {
  for (const auto& leased : addresses) {
    if (leased.address.family() == family && leased.gateway) return leased.gateway;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> metric_for(const IfName& name, Family family) {
  std::uint32_t number = metric_of_name(name);
  if (number == 0) return std::nullopt;
  return family == Family::v4 ? number : kIpv6DefaultMetric + number;
}

void give_metrics(std::vector<RouteSpec>& routes, const IfName& name) {
  for (RouteSpec& route : routes) {
    if (!route.priority && !route.table) route.priority = metric_for(name, route.destination.family());
  }
}

VethSpec plan_veth(const PlanRequest& request) {
  Mtu mtu = request.settings.mtu.value_or(request.facts.uplink_mtu.value_or(*Mtu::from(kEthernetMtu)));
  return {.host_name = request.facts.host_ifname,
          .host_mac = request.key.host_mac(),
          .container_name = request.key.ifname,
          .container_mac = request.settings.mac.value_or(request.key.container_mac()),
          .mtu = mtu,
          .master_ifindex = std::nullopt};
}

Status require_ipv6_mtu(const VethSpec& veth, const Lease& lease) {
  if (!has_family(lease, Family::v6) || !veth.mtu || veth.mtu->octets() >= kIpv6LeastMtu) return done;
  return Error{
      "use mtu " + std::to_string(veth.mtu->octets()) + " with IPv6", {}, 0, "the least is 1280", "bad-mtu", {}};
}

void plan_container_end(Plan& plan, const ContainerEnd& end) {
  constexpr End kContainer = End::container_veth;
  const bool v6 = has_family(end.request.lease, Family::v6);
  const bool detect = end.duplicate_detection;
  plan.push_back(SetSysctl{kContainer, "ipv6/conf/IFNAME/accept_ra", "0", true});
  if (v6) {
    plan.push_back(SetSysctl{End::container_lo, "ipv6/conf/IFNAME/disable_ipv6", "0"});
    plan.push_back(SetSysctl{kContainer, "ipv6/conf/IFNAME/disable_ipv6", "0"});
    plan.push_back(SetSysctl{kContainer, "ipv6/conf/IFNAME/keep_addr_on_down", "1", true});
    if (end.announce) plan.push_back(SetSysctl{kContainer, "ipv6/conf/IFNAME/ndisc_notify", "1", true});
    // A frame that the bridge sends back to where it came from is no other's claim (RFC 7527).
    if (detect) plan.push_back(SetSysctl{kContainer, "ipv6/conf/IFNAME/enhanced_dad", "1", true});
    if (detect) plan.push_back(SetSysctl{kContainer, "ipv6/conf/IFNAME/accept_dad", "1", true});
  }
  plan.push_back(ChangeLink{End::container_lo, {.up = true}});
  LinkChange up{.up = true, .no_ipv6_address_generation = end.request.facts.has_ipv6, .arp_notify = end.announce};
  plan.push_back(ChangeLink{kContainer, up});
  if (v6) {
    Prefix link_local = *Prefix::from(IpAddress::link_local(end.design.veth.container_mac), 64);
    plan.push_back(AddAddress{kContainer, {.prefix = link_local, .duplicate_detection = detect}});
  }
  for (const auto& leased : end.design.addresses)
    plan.push_back(AddAddress{kContainer, {.prefix = leased.address, .duplicate_detection = detect}});
}

std::vector<RouteSpec> routes_in_container(const Design& design) {
  std::vector<RouteSpec> routes = design.routes;
  for (RouteSpec& route : routes) {
    auto family_gateway = gateway_of(design.addresses, route.destination.family());
    bool stays_on_link = route.scope && *route.scope >= kScopeLink;
    if (!route.gateway && !stays_on_link) route.gateway = family_gateway;
    // In ptp mode the gateway of the family has a route of its own, and no address covers it. Where neither a route nor
    // an address covers a gateway, the kernel has to be told that it is a neighbour.
    bool has_way = !design.bridge && route.gateway == family_gateway;
    auto covers = [&](const LeasedAddress& leased) { return leased.address.network().contains(*route.gateway); };
    route.onlink = route.gateway && !has_way && std::none_of(design.addresses.begin(), design.addresses.end(), covers);
  }
  return routes;
}

void plan_container_routes(Plan& plan, const Design& design) {
  for (const RouteSpec& route : routes_in_container(design))
    plan.push_back(AddRoute{End::container_veth, route});
}

void plan_forwarding(Plan& plan, const PlanRequest& request) {
  const Facts& facts = request.facts;
  if (has_family(request.lease, Family::v4) && !facts.forwarding_v4) plan.push_back(EnableForwarding{Family::v4, {}});
  if (has_family(request.lease, Family::v6) && !facts.forwarding_v6)
    plan.push_back(EnableForwarding{Family::v6, facts.ra_uplinks});
}

}  // namespace isthmus
