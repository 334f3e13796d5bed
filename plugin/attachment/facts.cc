#include "plugin/attachment/facts.h"

#include <algorithm>

#include "netlink/forwarding.h"
#include "plugin/attachment/bridge_facts.h"

namespace isthmus {
namespace {

constexpr std::uint8_t kRouterAdvertisement = 9;  // RTPROT_RA

// Documentation addresses (RFC 5737, RFC 3849): nobody routes them on purpose, so the way to them is the way to the
// world.
IpAddress somewhere(Family family) { return *IpAddress::parse(family == Family::v4 ? "192.0.2.1" : "2001:db8::1"); }

Result<std::optional<Mtu>> uplink_mtu(Kernel<HostSide>& host) {
  for (Family family : {Family::v4, Family::v6}) {
    TRY(auto ifindex, outgoing_link(host.routes, somewhere(family)));
    if (!ifindex) continue;
    TRY(auto uplink, find_link(host.routes, *ifindex));
    if (!uplink) continue;
    if (auto mtu = Mtu::from(uplink->mtu)) return std::optional<Mtu>(*mtu);
  }
  return std::optional<Mtu>();
}

bool is_host_end(const LinkInfo& link, const AttachmentKey& key) {
  if (link.kind != "veth") return false;
  if (link.mac == key.host_mac()) return true;
  std::string alias = key.alias({});
  return link.alias == alias || link.alias.starts_with(alias + " ");
}

}  // namespace

Result<std::vector<std::string>> links_with_advertised_default(Kernel<HostSide>& host) {
  std::vector<std::string> names;
  TRY(auto routes, list_routes(host.routes));
  for (const auto& route : routes) {
    if (route.protocol != kRouterAdvertisement || !route.destination.is_default()) continue;
    TRY(auto link, find_link(host.routes, route.out_ifindex));
    if (link && std::find(names.begin(), names.end(), link->name) == names.end()) names.push_back(link->name);
  }
  return names;
}

Result<IfName> free_host_ifname(Kernel<HostSide>& host, const AttachmentKey& key) {
  for (int attempt = 0; attempt < AttachmentKey::kHostNameTries; ++attempt) {
    IfName name = key.host_ifname(attempt);
    TRY(auto link, find_link(host.routes, name));
    if (!link) return name;
  }
  return Error{"name the host's end of '" + key.ifname.text() + "'",
               {},
               EEXIST,
               "all names that derive from the attachment are taken, the first is '" + key.host_ifname(0).text() + "'",
               "host-ifname-taken",
               "see whose it is: ip -d link show " + key.host_ifname(0).text()};
}

Result<Facts> look(Kernel<HostSide>& host, IfName host_ifname, const Settings& settings, const Lease& lease) {
  Facts facts{.host_ifname = std::move(host_ifname)};
  if (settings.bridge) {
    TRY(facts.bridge, look_at_bridge(host, *settings.bridge, lease));
  }
  if (!settings.mtu) {
    TRY(facts.uplink_mtu, uplink_mtu(host));
  }
  const bool routes = !settings.bridge || settings.bridge->is_gateway;
  auto uses = [&](Family family) {
    return routes && std::any_of(lease.addresses.begin(), lease.addresses.end(),
                                 [&](const auto& leased) { return leased.address.family() == family; });
  };
  if (uses(Family::v4)) {
    TRY(facts.forwarding_v4, forwards(host.routes, Family::v4));
  }
  if (uses(Family::v6)) {
    TRY(facts.forwarding_v6, forwards(host.routes, Family::v6));
    if (!facts.forwarding_v6) {
      TRY(facts.ra_uplinks, links_with_advertised_default(host));
    }
  }
  return facts;
}

Result<std::optional<LinkInfo>> find_host_end(RouteSocket<HostSide>& host,
                                              const AttachmentKey& key,
                                              const std::string& recorded_name) {
  auto try_name = [&](const IfName& name) -> Result<std::optional<LinkInfo>> {
    TRY(auto link, find_link(host, name));
    if (link && !is_host_end(*link, key)) link.reset();
    return link;
  };
  if (auto recorded = IfName::parse(recorded_name)) {
    TRY(auto link, try_name(*recorded));
    if (link) return link;
  }
  for (int attempt = 0; attempt < AttachmentKey::kHostNameTries; ++attempt) {
    TRY(auto link, try_name(key.host_ifname(attempt)));
    if (link) return link;
  }
  return std::optional<LinkInfo>();
}

}  // namespace isthmus
