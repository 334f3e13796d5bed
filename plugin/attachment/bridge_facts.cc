#include "plugin/attachment/bridge_facts.h"

#include <algorithm>
#include <array>

#include "netns/boot_id.h"
#include "netns/file.h"
#include "plugin/cni/hash.h"

namespace isthmus {
namespace {

constexpr std::uint32_t kMainTable = 254;  // RT_TABLE_MAIN

std::string bridge_object(const BridgeConf& conf) { return "bridge '" + conf.name.text() + "'"; }

// A VRF is no bridge's rival: it only chooses the routing table.
Status refuse_master(Kernel<HostSide>& host, const BridgeConf& conf, const LinkInfo& link) {
  if (!link.master_ifindex) return done;
  TRY(auto master, find_link(host.routes, *link.master_ifindex));
  if (!master || master->kind == "vrf") return done;
  return Error{"attach to " + bridge_object(conf),
               {},
               EBUSY,
               "it is itself enslaved to '" + master->name + "', a " + master->kind,
               "bridge-enslaved",
               "name a bridge of its own in 'bridge', or: ip link set " + conf.name.text() + " nomaster"};
}

Status refuse_unfiltered(const BridgeConf& conf, const LinkInfo& link) {
  if (conf.vlans.empty() || link.vlan_filtering == true) return done;
  Error error{"use VLANs on " + bridge_object(conf), {}, EOPNOTSUPP, {}, "bridge-vlan", {}};
  if (link.vlan_filtering) {
    error.detail = "it is there already and does not filter VLANs";
    error.hint = "if nobody minds: ip link set " + conf.name.text() + " type bridge vlan_filtering 1";
  } else {
    error.detail = "the running kernel has no VLAN filtering for bridges";
    error.hint = "remove 'vlan' and 'vlanTrunk', or take a kernel with CONFIG_BRIDGE_VLAN_FILTERING";
  }
  return error;
}

Status refuse_other_kind(const BridgeConf& conf, const LinkInfo& link) {
  if (link.kind == "bridge") return done;
  return Error{"attach to " + bridge_object(conf),
               {},
               EEXIST,
               "the host's link of that name is " + (link.kind.empty() ? "no bridge" : "a " + link.kind),
               "bridge-not-one",
               "give another name in 'bridge'"};
}

// Links with addresses of ptp attachments of ours are no rivals: a network may move from one mode to the other while
// containers live.
bool is_ours(const LinkInfo& link) { return link.kind == "veth" && link.alias.starts_with("isthmus "); }

Error conflict(const BridgeConf& conf, const Prefix& gateway, std::string why, std::string hint) {
  return Error{"give " + gateway.text() + " to " + bridge_object(conf),
               {},
               EADDRINUSE,
               std::move(why),
               "address-conflict",
               std::move(hint)};
}

Status refuse_taken_address(Kernel<HostSide>& host, const BridgeConf& conf, int own, const Prefix& gateway) {
  constexpr int kAllLinks = 0;
  TRY(auto addresses, list_addresses(host.routes, kAllLinks));
  for (const AddressInfo& info : addresses) {
    if (info.ifindex == own || info.prefix.address() != gateway.address()) continue;
    TRY(auto link, find_link(host.routes, info.ifindex));
    if (!link || is_ours(*link)) continue;
    return conflict(conf, gateway, "'" + link->name + "' has that address",
                    "give another 'gateway' or 'subnet' in the 'ipam' section");
  }
  return done;
}

// Only routes at least as special as ours: a wider one yields to ours by itself.
Status refuse_stolen_subnet(Kernel<HostSide>& host, const BridgeConf& conf, int own, const Prefix& gateway) {
  TRY(auto routes, list_routes(host.routes));
  for (const RouteInfo& route : routes) {
    if (route.table != kMainTable || route.protocol == kRouteProtocol || route.out_ifindex == own) continue;
    if (route.destination.is_default() || !gateway.network().covers(route.destination.network())) continue;
    TRY(auto link, find_link(host.routes, route.out_ifindex));
    if (link && is_ours(*link)) continue;
    std::string way = link ? "by '" + link->name + "'" : "elsewhere";
    return conflict(conf, gateway, "the host's route to " + route.destination.text() + " leads " + way,
                    "give a 'subnet' that the host does not route, or remove the route");
  }
  return done;
}

Status refuse_conflicts(Kernel<HostSide>& host, const BridgeConf& conf, const BridgeFacts& facts, const Lease& lease) {
  const auto& link = conf.vlans.untagged ? facts.vlan_link : facts.link;
  const int own = link ? link->ifindex : -1;
  for (const Prefix& gateway : gateway_prefixes(lease)) {
    bool there = std::any_of(facts.addresses.begin(), facts.addresses.end(),
                             [&](const AddressInfo& info) { return info.prefix == gateway; });
    if (there) continue;
    TRY_OK(refuse_taken_address(host, conf, own, gateway));
    TRY_OK(refuse_stolen_subnet(host, conf, own, gateway));
  }
  return done;
}

// The link the gateways' addresses are on, and what it has of them.
Status look_at_gateway(Kernel<HostSide>& host, const BridgeConf& conf, BridgeFacts& facts) {
  std::optional<int> ifindex;
  if (facts.link) ifindex = facts.link->ifindex;
  if (conf.vlans.untagged) {
    TRY(IfName name, vlan_link_name(conf, *conf.vlans.untagged));
    TRY(facts.vlan_link, find_link(host.routes, name));
    ifindex = facts.vlan_link ? std::optional(facts.vlan_link->ifindex) : std::nullopt;
  }
  if (!ifindex) return done;
  TRY(facts.addresses, list_addresses(host.routes, *ifindex));
  return done;
}

}  // namespace

Result<BridgeFacts> look_at_bridge(Kernel<HostSide>& host, const BridgeConf& conf, const Lease& lease) {
  TRY(auto link, find_link(host.routes, conf.name));
  if (link) {
    TRY_OK(refuse_other_kind(conf, *link));
    TRY_OK(refuse_master(host, conf, *link));
    TRY_OK(refuse_unfiltered(conf, *link));
  }
  BridgeFacts facts{.mac = link && link->mac ? *link->mac : new_bridge_mac(conf.name),
                    .link = link,
                    .vlan_link = {},
                    .addresses = {}};
  if (!conf.is_gateway) return facts;
  TRY_OK(look_at_gateway(host, conf, facts));
  TRY_OK(refuse_conflicts(host, conf, facts, lease));
  return facts;
}

std::vector<Prefix> gateway_prefixes(const Lease& lease) {
  std::vector<Prefix> prefixes;
  for (const auto& leased : lease.addresses) {
    auto gateway = leased.gateway ? leased.gateway : leased.address.first().next();
    if (!gateway) continue;
    Prefix prefix = *Prefix::from(*gateway, leased.address.length());
    if (std::find(prefixes.begin(), prefixes.end(), prefix) == prefixes.end()) prefixes.push_back(prefix);
  }
  return prefixes;
}

Result<IfName> vlan_link_name(const BridgeConf& conf, std::uint16_t vlan) {
  std::string text = conf.name.text() + "." + std::to_string(vlan);
  auto name = IfName::parse(text);
  if (name) return name;
  return Error{"name the host's link into VLAN " + std::to_string(vlan) + " of " + bridge_object(conf),
               {},
               0,
               "'" + text + "' is longer than 15 bytes",
               "bridge-vlan",
               "give the bridge a shorter name"};
}

MacAddress new_bridge_mac(const IfName& name) {
  constexpr std::size_t kLongestMachineId = 64;
  auto etc = open_directory("/etc");
  auto machine = etc ? read_small_file(etc->ref(), "machine-id", kLongestMachineId) : boot_id();
  // A machine without an id, as an image that has not been started yet, is told by its boot.
  if (!machine || machine->empty()) machine = boot_id();
  std::uint64_t hash = hash_text((machine ? *machine : std::string()) + "/" + name.text());
  std::array<std::uint8_t, 6> seed;
  for (auto& byte : seed) {
    byte = static_cast<std::uint8_t>(hash & 0xff);
    hash >>= 8;
  }
  return MacAddress::local(seed);
}

}  // namespace isthmus
