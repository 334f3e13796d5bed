#include <algorithm>

#include "netlink/bridge.h"
#include "netlink/bridge_vlan.h"
#include "netlink/mac_guard.h"
#include "plugin/attachment/bridge_facts.h"
#include "plugin/attachment/check.h"

namespace isthmus {
namespace {

Status compare_port(std::vector<std::string>& found,
                    const Expectation& expected,
                    const LinkInfo& port,
                    RouteSocket<HostSide>& host) {
  const BridgeConf& conf = *expected.settings.bridge;
  const auto& info = port.port;
  if (!info) return done;  // said already: it is no port of the bridge
  bool hairpin = hairpin_of(conf, !expected.prev_result.ips.empty());
  if (info->flags.hairpin != hairpin)
    found.push_back("hairpin mode of '" + port.name + "' is " + (hairpin ? "off" : "on"));
  if (info->flags.isolated != conf.isolated)
    found.push_back("port isolation of '" + port.name + "' is " + (conf.isolated ? "off" : "on"));
  if (conf.vlans.empty()) return done;
  TRY(auto vlans, port_vlan_differences(host, port.ifindex, conf.vlans));
  for (const std::string& line : vlans)
    found.push_back("port '" + port.name + "': " + line);
  return done;
}

Status compare_gateways(std::vector<std::string>& found,
                        const Expectation& expected,
                        const LinkInfo& gateway_link,
                        RouteSocket<HostSide>& host) {
  TRY(auto addresses, list_addresses(host, gateway_link.ifindex));
  if (expected.record) {
    for (const Prefix& gateway : expected.record->gateways) {
      bool there = std::any_of(addresses.begin(), addresses.end(),
                               [&](const AddressInfo& info) { return info.prefix == gateway; });
      if (!there)
        found.push_back("the gateway's address " + gateway.text() + " is gone from '" + gateway_link.name + "'");
    }
  }
  for (const IpAddress& address : expected_addresses(expected)) {
    TRY(auto way, outgoing_link(host, address));
    if (way != gateway_link.ifindex)
      found.push_back("the host does not reach " + address.text() + " by '" + gateway_link.name + "'");
  }
  return done;
}

Status compare_guard(std::vector<std::string>& found,
                     const Expectation& expected,
                     const LinkInfo& port,
                     Deadline deadline) {
  TRY(auto name, IfName::parse(port.name));
  TRY(auto socket, run_at_home([&](const auto& here) { return NetfilterSocket::open(here, deadline); }));
  TRY(auto only, guarded_mac(socket, name));
  bool right = only && (!expected.record || only->text() == expected.record->container_mac);
  if (!right) found.push_back("the MAC guard of '" + port.name + "' is gone from nf_tables");
  return done;
}

// The link that has the gateways' addresses; nullopt: it is gone.
Result<std::optional<LinkInfo>> find_gateway_link(const BridgeConf& conf,
                                                  const LinkInfo& bridge,
                                                  RouteSocket<HostSide>& host) {
  if (!conf.vlans.untagged) return std::optional(bridge);
  TRY(IfName name, vlan_link_name(conf, *conf.vlans.untagged));
  return find_link(host, name);
}

}  // namespace

Status compare_bridge(std::vector<std::string>& found,
                      const Expectation& expected,
                      const LinkInfo& port,
                      RouteSocket<HostSide>& host,
                      Deadline deadline) {
  const BridgeConf& conf = *expected.settings.bridge;
  const std::string name = "'" + conf.name.text() + "'";
  TRY(auto bridge, find_link(host, conf.name));
  if (!bridge || bridge->kind != "bridge") {
    found.push_back("there is no bridge " + name);
    return done;
  }
  if (!bridge->up) found.push_back("bridge " + name + " is down");
  if (conf.promiscuous && !bridge->promiscuous) found.push_back("bridge " + name + " is not in promiscuous mode");
  if (port.master_ifindex != bridge->ifindex) found.push_back("'" + port.name + "' is no port of bridge " + name);
  TRY_OK(compare_port(found, expected, port, host));
  if (conf.mac_spoof_check) TRY_OK(compare_guard(found, expected, port, deadline));
  if (!conf.is_gateway) return done;
  TRY(auto gateway_link, find_gateway_link(conf, *bridge, host));
  if (gateway_link) return compare_gateways(found, expected, *gateway_link, host);
  found.push_back("the host's link into VLAN " + std::to_string(*conf.vlans.untagged) + " of " + name + " is gone");
  return done;
}

}  // namespace isthmus
