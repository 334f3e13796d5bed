#include "plugin/attachment/restore.h"

#include <algorithm>

#include "netlink/bridge.h"
#include "netlink/forwarding.h"
#include "netlink/mac_guard.h"
#include "netlink/route.h"
#include "plugin/attachment/bridge_facts.h"
#include "plugin/attachment/facts.h"
#include "plugin/attachment/shared_changes.h"

namespace isthmus {
namespace {

class Restoration {
 public:
  Restoration(Kernel<HostSide>& host, const Record& record, Restoring how, Deadline deadline)
      : host_(host), record_(record), how_(how), deadline_(deadline) {}

  Result<Restored> run() {
    TRY(auto end, find_host_end(host_.routes, record_.key, record_.host_ifname));
    if (!end) return Restored{{}, true};
    TRY_OK(restore_forwarding());
    if (record_.mode == "bridge") {
      TRY_OK(restore_bridge(*end));
    }
    if (!end->up) TRY_OK(change(*end, {.up = true}, "link '" + end->name + "' set up"));
    if (record_.mode != "bridge") TRY_OK(restore_ptp(*end));
    return std::move(restored_);
  }

 private:
  bool puts_back() const { return how_ == Restoring::put_back; }

  Status commit(Batch batch, std::string what) {
    restored_.done.push_back(std::move(what));
    if (!puts_back()) return done;
    return host_.routes.commit(std::move(batch));
  }

  Status change(const LinkInfo& link, const LinkChange& wanted, std::string what) {
    Batch batch;
    change_link(batch, link.ifindex, link.name, wanted);
    return commit(std::move(batch), std::move(what));
  }

  Status restore_forwarding() {
    if (record_.gateways.empty()) return done;
    for (Family family : {Family::v4, Family::v6}) {
      bool used = std::any_of(record_.gateways.begin(), record_.gateways.end(),
                              [&](const Prefix& gateway) { return gateway.family() == family; });
      const char* setting = family == Family::v4 ? "ipv4/ip_forward" : "ipv6/conf/all/forwarding";
      auto forwarding = used ? forwards(host_.routes, family) : true;
      if (!forwarding || *forwarding) continue;
      restored_.done.push_back(std::string(setting) + " set to 1");
      if (!puts_back()) continue;
      TRY(auto ra_uplinks, links_with_advertised_default(host_));
      TRY_OK(enable_forwarding(host_, family, ra_uplinks));
    }
    return done;
  }

  Status restore_addresses(const LinkInfo& link, const std::vector<Prefix>& wanted, bool with_prefix_route) {
    TRY(auto addresses, list_addresses(host_.routes, link.ifindex));
    for (const Prefix& prefix : wanted) {
      bool there = std::any_of(addresses.begin(), addresses.end(),
                               [&](const AddressInfo& info) { return info.prefix == prefix; });
      if (there) continue;
      Batch batch;
      add_address(batch, link.ifindex, link.name,
                  {.prefix = prefix, .with_prefix_route = with_prefix_route, .replace = true});
      TRY_OK(commit(std::move(batch), "address " + prefix.text() + " given to '" + link.name + "'"));
    }
    return done;
  }

  Status restore_ptp(const LinkInfo& end) {
    std::vector<Prefix> gateways;
    for (const Prefix& gateway : record_.gateways)
      gateways.push_back(Prefix::host(gateway.address()));
    TRY_OK(restore_addresses(end, gateways, false));
    for (const Prefix& address : record_.addresses) {
      TRY(auto way, outgoing_link(host_.routes, address.address()));
      if (way == end.ifindex) continue;
      Batch batch;
      add_route(batch, end.ifindex, end.name, {.destination = Prefix::host(address.address())}, true);
      TRY_OK(commit(std::move(batch), "route to " + address.address().text() + " by '" + end.name + "'"));
    }
    return done;
  }

  // A bridge that is gone is made anew; its other ports come back with their own records.
  Result<std::optional<LinkInfo>> find_or_make_bridge() {
    TRY(IfName name, IfName::parse(record_.bridge));
    TRY(auto bridge, find_link(host_.routes, name));
    if (bridge) return bridge;
    restored_.done.push_back("bridge '" + record_.bridge + "' made anew");
    if (!puts_back()) return bridge;
    TRY(int ifindex, ensure_bridge(host_, {name, new_bridge_mac(name), {}, false}));
    TRY_OK(set_up_new_bridge(name, ifindex));
    return find_link(host_.routes, ifindex);
  }

  // As plan_bridge() has it.
  Status set_up_new_bridge(const IfName& name, int ifindex) {
    auto unheard = host_.sysctl.write("ipv6/conf/" + name.text() + "/accept_ra", "0");
    if (!unheard && unheard.error().err != ENOENT) return unheard;
    Batch batch;
    change_link(batch, ifindex, name.text(),
                {.alias = kBridgeAlias, .no_ipv6_address_generation = host_.sysctl.has_ipv6()});
    bool v6 = std::any_of(record_.gateways.begin(), record_.gateways.end(),
                          [](const Prefix& gateway) { return gateway.family() == Family::v6; });
    if (v6) {
      Prefix link_local = *Prefix::from(IpAddress::link_local(new_bridge_mac(name)), 64);
      add_address(batch, ifindex, name.text(), {.prefix = link_local, .replace = true});
    }
    return host_.routes.commit(std::move(batch));
  }

  Status restore_bridge(const LinkInfo& end) {
    TRY(auto bridge, find_or_make_bridge());
    if (!bridge) return done;
    if (!bridge->up) TRY_OK(change(*bridge, {.up = true}, "bridge '" + bridge->name + "' set up"));
    if (end.master_ifindex != bridge->ifindex) {
      TRY_OK(change(end, {.master_ifindex = bridge->ifindex},
                    "'" + end.name + "' made a port of bridge '" + bridge->name + "'"));
    }
    TRY_OK(restore_port(end));
    if (record_.gateway_link == record_.bridge) TRY_OK(restore_addresses(*bridge, record_.gateways, true));
    return restore_guard(end);
  }

  Status restore_port(const LinkInfo& end) {
    const BridgePortFlags wanted{record_.hairpin, record_.isolated};
    TRY(auto now, find_link(host_.routes, end.ifindex));
    if (!now || !now->port || now->port->flags == wanted) return done;
    Batch batch;
    set_bridge_port(batch, end.ifindex, end.name, wanted);
    return commit(std::move(batch), "hairpin and isolation of '" + end.name + "'");
  }

  Status restore_guard(const LinkInfo& end) {
    if (!record_.mac_guard) return done;
    TRY(IfName name, IfName::parse(end.name));
    TRY(MacAddress mac, MacAddress::parse(record_.container_mac));
    TRY(auto socket, run_at_home([&](const auto& here) { return NetfilterSocket::open(here, deadline_); }));
    TRY(auto only, guarded_mac(socket, name));
    if (only) return done;
    restored_.done.push_back("MAC guard of '" + end.name + "'");
    if (!puts_back()) return done;
    return guard_mac(socket, name, mac);
  }

  Kernel<HostSide>& host_;
  const Record& record_;
  Restoring how_;
  Deadline deadline_;
  Restored restored_;
};

}  // namespace

Result<Restored> restore_attachment(Kernel<HostSide>& host, const Record& record, Restoring how, Deadline deadline) {
  return Restoration(host, record, how, deadline).run();
}

Result<std::vector<std::string>> restore_masquerade(const std::vector<Record>& records,
                                                    Restoring how,
                                                    Deadline deadline) {
  std::vector<MasqueradeSource> wanted;
  for (const Record& record : records)
    wanted.insert(wanted.end(), record.masquerade_sources.begin(), record.masquerade_sources.end());
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  std::vector<std::string> lines;
  if (wanted.empty()) return lines;
  TRY(auto socket, run_at_home([&](const auto& here) { return NetfilterSocket::open(here, deadline); }));
  TRY(bool in_force, masquerades(socket, wanted));
  if (in_force) return lines;
  for (const MasqueradeSource& source : wanted)
    lines.push_back("masquerade of " + source.subnet.text() + " for '" + source.owner + "'");
  if (how == Restoring::put_back) TRY_OK(ensure_masquerade(socket, wanted));
  return lines;
}

}  // namespace isthmus
