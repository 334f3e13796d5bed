#include "plugin/attachment/check.h"

#include <algorithm>

#include "netlink/forwarding.h"
#include "plugin/attachment/facts.h"

namespace isthmus {
namespace {

using Differences = std::vector<std::string>;

// Index of our interface in prevResult; -1 when it is not there.
std::int64_t own_interface(const Expectation& expected) {
  const auto& interfaces = expected.prev_result.interfaces;
  for (std::size_t i = 0; i < interfaces.size(); ++i) {
    if (interfaces[i].name == expected.key.ifname.text() && !interfaces[i].sandbox.empty()) {
      return static_cast<std::int64_t>(i);
    }
  }
  return -1;
}

std::vector<Prefix> expected_prefixes(const Expectation& expected) {
  std::vector<Prefix> own;
  std::int64_t index = own_interface(expected);
  for (const auto& ip : expected.prev_result.ips) {
    if (ip.interface && *ip.interface != index) continue;
    Prefix host = Prefix::host(ip.address.address());
    bool recorded =
        !expected.record || std::any_of(expected.record->addresses.begin(), expected.record->addresses.end(),
                                        [&](const Prefix& ours) { return ours.address() == host.address(); });
    if (recorded) own.push_back(ip.address);
  }
  return own;
}

void compare_interface(Differences& found, const Expectation& expected, const LinkInfo& link) {
  const std::string& name = expected.key.ifname.text();
  const auto& bridge = expected.settings.bridge;
  if (!link.up && !(bridge && bridge->disable_container_interface)) found.push_back("'" + name + "' is down");
  if (link.kind != "veth")
    found.push_back("'" + name + "' is a " + (link.kind.empty() ? "device" : link.kind) + ", not a veth");
  std::int64_t index = own_interface(expected);
  if (index < 0) {
    // Version 0.1.0 and 0.2.0 results name no interfaces.
    if (!expected.prev_result.interfaces.empty()) found.push_back("prevResult does not list '" + name + "'");
    return;
  }
  const auto& told = expected.prev_result.interfaces[static_cast<std::size_t>(index)];
  if (told.sandbox != expected.netns) {
    found.push_back("prevResult says '" + name + "' is in " + told.sandbox + ", CNI_NETNS is " + expected.netns);
  }
  auto mac = MacAddress::parse(told.mac);
  if (mac && link.mac != *mac) {
    found.push_back("'" + name + "' has MAC " + (link.mac ? link.mac->text() : "none") + " instead of " + told.mac);
  }
}

void compare_addresses(Differences& found,
                       const Expectation& expected,
                       const LinkInfo& link,
                       const std::vector<AddressInfo>& addresses) {
  for (const Prefix& prefix : expected_prefixes(expected)) {
    auto same = [&](const AddressInfo& info) { return info.prefix.address() == prefix.address(); };
    auto at = std::find_if(addresses.begin(), addresses.end(), same);
    if (at == addresses.end()) {
      found.push_back("address " + prefix.address().text() + " is gone from '" + link.name + "'");
    } else if (at->dad_failed) {
      found.push_back("address " + prefix.address().text() + " is a duplicate on the link");
    }
  }
}

void compare_routes(Differences& found, const Expectation& expected, const std::vector<RouteInfo>& routes) {
  if (!expected.record) return;
  for (const auto& own : expected.record->routes) {
    auto in_result = [&](const RouteSpec& told) { return told.destination.network() == own.destination.network(); };
    const auto& all_told = expected.prev_result.routes;
    auto told = std::find_if(all_told.begin(), all_told.end(), in_result);
    if (told == all_told.end()) continue;
    // A route that was given without a gateway is known by its destination, except the one that everything takes.
    bool by_gateway = own.gateway && (told->gateway || own.destination.is_default());
    // The table is left out on purpose: source-based routing moves routes without a word in the result.
    bool there = std::any_of(routes.begin(), routes.end(), [&](const RouteInfo& info) {
      return info.destination.network() == own.destination.network() && (!by_gateway || info.gateway == own.gateway);
    });
    if (!there) found.push_back("route " + describe(own) + " is in no table of the container");
  }
}

void compare_forwarding(Differences& found, const Expectation& expected, RouteSocket<HostSide>& host) {
  for (Family family : {Family::v4, Family::v6}) {
    auto prefixes = expected_prefixes(expected);
    bool used =
        std::any_of(prefixes.begin(), prefixes.end(), [&](const Prefix& prefix) { return prefix.family() == family; });
    bool v4 = family == Family::v4;
    auto forwarding = used ? forwards(host, family) : true;
    if (!forwarding || *forwarding) continue;
    found.push_back(std::string("forwarding is off on the host: net.") +
                    (v4 ? "ipv4.ip_forward=0" : "ipv6.conf.all.forwarding=0"));
  }
}

Status compare_ways(Differences& found, const Expectation& expected, const LinkInfo& end, RouteSocket<HostSide>& host) {
  for (const Prefix& prefix : expected_prefixes(expected)) {
    TRY(auto way, outgoing_link(host, prefix.address()));
    if (way != end.ifindex)
      found.push_back("the host does not reach " + prefix.address().text() + " by '" + end.name + "'");
  }
  return done;
}

Status compare_host(Differences& found,
                    const Expectation& expected,
                    const LinkInfo& inside,
                    RouteSocket<HostSide>& host,
                    Deadline deadline) {
  TRY(auto end, find_host_end(host, expected.key, expected.record ? expected.record->host_ifname : std::string()));
  if (!end) {
    found.push_back("the host's end of the veth is gone");
    return done;
  }
  if (!end->up) found.push_back("the host's end '" + end->name + "' is down");
  if (end->peer_ifindex != inside.ifindex)
    found.push_back("'" + end->name + "' is not the other end of '" + inside.name + "'");
  const auto& bridge = expected.settings.bridge;
  if (!bridge || bridge->is_gateway) compare_forwarding(found, expected, host);
  if (bridge) return compare_bridge(found, expected, *end, host, deadline);
  return compare_ways(found, expected, *end, host);
}

}  // namespace

std::vector<IpAddress> expected_addresses(const Expectation& expected) {
  std::vector<IpAddress> addresses;
  for (const Prefix& prefix : expected_prefixes(expected))
    addresses.push_back(prefix.address());
  return addresses;
}

Result<ContainerView> look_into_container(RouteSocket<ContainerSide>& container, const IfName& ifname) {
  ContainerView view;
  TRY(view.link, find_link(container, ifname));
  if (!view.link) return view;
  TRY(view.addresses, list_addresses(container, view.link->ifindex));
  TRY(view.routes, list_routes(container));
  return view;
}

Result<std::vector<std::string>> differences(const Expectation& expected,
                                             RouteSocket<HostSide>& host,
                                             const ContainerView& container,
                                             Deadline deadline) {
  Differences found;
  const auto& link = container.link;
  if (!link) {
    found.push_back("there is no interface '" + expected.key.ifname.text() + "' in the container");
    return found;
  }
  compare_interface(found, expected, *link);
  compare_addresses(found, expected, *link, container.addresses);
  compare_routes(found, expected, container.routes);
  TRY_OK(compare_host(found, expected, *link, host, deadline));
  return found;
}

}  // namespace isthmus
