#include <algorithm>

#include "plugin/attachment/bridge_facts.h"
#include "plugin/attachment/plan_parts.h"

namespace isthmus {
namespace {

BridgePortFlags port_flags(const BridgeConf& conf, const Lease& lease) {
  return {.hairpin = hairpin_of(conf, !lease.addresses.empty()), .isolated = conf.isolated};
}

// A bridge that is found is taken as it is, but for what the configuration says of it.
void plan_bridge_itself(Plan& plan, const PlanRequest& request, const Design& design) {
  const BridgeConf& conf = *request.settings.bridge;
  const BridgeFacts& facts = *request.facts.bridge;
  auto ifindex = facts.link ? std::optional(facts.link->ifindex) : std::nullopt;
  plan.push_back(EnsureBridge{*design.bridge, ifindex});
  const bool made = !facts.link;
  if (made) plan.push_back(SetSysctl{End::bridge, "ipv6/conf/IFNAME/accept_ra", "0", true});
  const bool v6 = conf.is_gateway && has_family(request.lease, Family::v6);
  if (v6) plan.push_back(SetSysctl{End::bridge, "ipv6/conf/IFNAME/disable_ipv6", "0"});
  LinkChange change{.up = made || !facts.link->up,
                    .promiscuous = conf.promiscuous && (made || !facts.link->promiscuous)};
  if (made) {
    change.alias = kBridgeAlias;
    change.no_ipv6_address_generation = request.facts.has_ipv6;
  }
  if (change != LinkChange{}) plan.push_back(ChangeLink{End::bridge, change});
  if (made && v6) {
    Prefix link_local = *Prefix::from(IpAddress::link_local(facts.mac), 64);
    plan.push_back(AddAddress{End::bridge, {.prefix = link_local, .replace = true}});
  }
}

// What is in the way of a gateway's address: an overlapping subnet; with `forceAddress` any other IPv4 address, as with
// the official plugin.
bool is_in_the_way(const Prefix& there, const Prefix& wanted, const std::vector<Prefix>& all_wanted, bool force) {
  if (there.family() != wanted.family()) return false;
  if (std::find(all_wanted.begin(), all_wanted.end(), there) != all_wanted.end()) return false;
  return there.overlaps(wanted) || (force && there.family() == Family::v4);
}

Status plan_gateways(Plan& plan, const PlanRequest& request) {
  const BridgeConf& conf = *request.settings.bridge;
  const BridgeFacts& facts = *request.facts.bridge;
  const End end = conf.vlans.untagged ? End::vlan : End::bridge;
  if (conf.vlans.untagged) {
    TRY(IfName name, vlan_link_name(conf, *conf.vlans.untagged));
    auto ifindex = facts.vlan_link ? std::optional(facts.vlan_link->ifindex) : std::nullopt;
    plan.push_back(EnsureVlanLink{std::move(name), *conf.vlans.untagged, ifindex});
    if (!facts.vlan_link || !facts.vlan_link->up) plan.push_back(ChangeLink{End::vlan, {.up = true}});
  }
  const std::vector<Prefix> wanted = gateway_prefixes(request.lease);
  for (const Prefix& gateway : wanted) {
    for (const AddressInfo& info : facts.addresses) {
      if (!is_in_the_way(info.prefix, gateway, wanted, conf.force_address)) continue;
      if (!conf.force_address) {
        return Error{"give " + gateway.text() + " to bridge '" + conf.name.text() + "'",
                     {},
                     EADDRINUSE,
                     "it has " + info.prefix.text() + " already",
                     "address-conflict",
                     "give the gateway that the bridge has in 'ipam', or set 'forceAddress' to replace it"};
      }
      DeleteAddress removal{end, info.prefix};
      if (std::find(plan.begin(), plan.end(), Step(removal)) == plan.end()) plan.push_back(removal);
    }
    bool there = std::any_of(facts.addresses.begin(), facts.addresses.end(),
                             [&](const AddressInfo& info) { return info.prefix == gateway; });
    if (!there) plan.push_back(AddAddress{end, {.prefix = gateway, .replace = true}});
  }
  plan_forwarding(plan, request);
  return done;
}

void plan_port(Plan& plan, const PlanRequest& request, const Design& design) {
  const BridgeConf& conf = *request.settings.bridge;
  plan.push_back(CreateVeth{design.veth});
  plan.push_back(SetBridgePort{port_flags(conf, request.lease), conf.vlans});
  plan.push_back(ChangeLink{
      End::host_veth, {.alias = request.key.alias(request.pod), .no_ipv6_address_generation = request.facts.has_ipv6}});
  if (conf.mac_spoof_check) plan.push_back(GuardMac{design.veth.container_mac});
}

// The port goes up when the container's end is ready: then the bridge forwards for it at once, and what is announced
// reaches everybody.
void plan_start(Plan& plan, const PlanRequest& request, const Design& design) {
  const BridgeConf& conf = *request.settings.bridge;
  plan.push_back(ChangeLink{End::host_veth, {.up = true}});
  if (conf.disable_container_interface) return;
  plan.push_back(AwaitForwarding{});
  if (conf.is_gateway) {
    for (const auto& leased : design.addresses) {
      plan.push_back(SetNeighbour{conf.vlans.untagged ? End::vlan : End::bridge,
                                  {leased.address.address(), design.veth.container_mac}});
    }
  }
  if (design.addresses.empty()) return;
  plan.push_back(ChangeLink{End::container_veth, {.announce_mac = design.veth.container_mac}});
  if (conf.duplicate_detection) plan.push_back(AwaitAddresses{});
}

// The official plugin's own default route: only when IPAM gave none that says by which way.
void add_default_routes(Design& design, const Lease& lease) {
  for (Family family : {Family::v4, Family::v6}) {
    auto gateway = gateway_of(design.addresses, family);
    if (!gateway || !has_family(lease, family)) continue;
    auto is_default = [&](const RouteSpec& route) {
      return route.destination.family() == family && route.destination.is_default();
    };
    if (std::none_of(design.routes.begin(), design.routes.end(), is_default))
      design.routes.push_back({.destination = Prefix::everything(family), .gateway = gateway});
  }
}

}  // namespace

// Hairpin is for what the host translates back to the sender, so only where the host is the gateway. In promiscuous
// mode the bridge would deliver twice; and a container that has no address from us may be a bridge itself, which would
// learn its own addresses on the wrong side.
bool hairpin_of(const BridgeConf& conf, bool has_addresses) {
  return conf.hairpin.value_or(conf.is_gateway && has_addresses && !conf.promiscuous && !conf.duplicate_detection);
}

Design design_bridge(const PlanRequest& request) {
  const BridgeConf& conf = *request.settings.bridge;
  Design design{.veth = plan_veth(request), .bridge = {}, .addresses = {}, .routes = request.lease.routes};
  design.bridge = BridgeSpec{conf.name, request.facts.bridge->mac, design.veth.mtu, !conf.vlans.empty()};
  for (LeasedAddress leased : request.lease.addresses) {
    if (!leased.gateway && conf.is_gateway) leased.gateway = leased.address.first().next();
    design.addresses.push_back(leased);
  }
  if (conf.is_default_gateway) add_default_routes(design, request.lease);
  give_metrics(design.routes, request.key.ifname);
  return design;
}

Result<Plan> plan_bridge(const PlanRequest& request, const Design& design) {
  const BridgeConf& conf = *request.settings.bridge;
  TRY_OK(require_ipv6_mtu(design.veth, request.lease));
  Plan plan;
  plan_bridge_itself(plan, request, design);
  if (conf.is_gateway) TRY_OK(plan_gateways(plan, request));
  plan_port(plan, request, design);
  if (!conf.disable_container_interface) {
    plan_container_end(plan, {.request = request,
                              .design = design,
                              .duplicate_detection = conf.duplicate_detection,
                              .announce = !design.addresses.empty()});
    plan_container_routes(plan, design);
  }
  plan_start(plan, request, design);
  return plan;
}

}  // namespace isthmus
