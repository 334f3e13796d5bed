#include "plugin/attachment/network_masquerade.h"

#include <algorithm>
#include <set>

#include "netlink/link.h"
#include "plugin/attachment/kernel.h"

namespace isthmus {
namespace {

std::string owner_of(const NetworkName& network) { return network.text(); }

// Short, and no network's name but by intent: it is that of the attachment's veth.
std::string owner_of(const AttachmentKey& key) { return key.host_ifname(0).text(); }

Result<NetfilterSocket> open_netfilter(Deadline deadline) {
  return run_at_home([&](const auto& here) { return NetfilterSocket::open(here, deadline); });
}

// Who holds something by the records of a network but that one.
Result<std::set<std::string>> owners_of_others(const StateStore& store,
                                               const NetworkName& network,
                                               const AttachmentKey* but) {
  std::set<std::string> owners;
  TRY(auto listed, store.list(network));
  for (const auto& one : listed) {
    // One that cannot be read may hold the network's.
    if (!one.record) {
      owners.insert(owner_of(network));
    } else if (but == nullptr || one.record->key != *but) {
      owners.insert(one.record->masquerade.begin(), one.record->masquerade.end());
    }
  }
  return owners;
}

// Unlocks at the end of a scope.
class NetworkLock {
 public:
  NetworkLock(StateStore& store, const NetworkName& network) : store_(store), network_(network) {}
  ~NetworkLock() { store_.unlock(network_); }
  NetworkLock(const NetworkLock&) = delete;
  NetworkLock& operator=(const NetworkLock&) = delete;

 private:
  StateStore& store_;
  const NetworkName& network_;
};

}  // namespace

std::vector<MasqueradeSource> masquerade_sources_of(const AttachmentKey& key,
                                                    const Settings& settings,
                                                    const std::vector<Prefix>& addresses) {
  std::vector<MasqueradeSource> sources;
  if (!settings.ip_masq) return sources;
  if (const auto* embedded = std::get_if<EmbeddedIpamConf>(&settings.ipam)) {
    for (const RangeSet& set : embedded->sets) {
      for (const IpRange& range : set)
        sources.push_back({owner_of(key.network), range.subnet});
    }
  } else {
    for (const Prefix& address : addresses) {
      const bool bare = address == Prefix::host(address.address());
      sources.push_back({bare ? owner_of(key) : owner_of(key.network), address.network()});
    }
  }
  return sources;
}

std::vector<std::string> masquerade_owners_of(const AttachmentKey& key, const Settings& settings) {
  if (!settings.ip_masq) return {};
  if (std::holds_alternative<EmbeddedIpamConf>(settings.ipam)) return {owner_of(key.network)};
  return {owner_of(key.network), owner_of(key)};
}

Status start_masquerade(StateStore& store,
                        const NetworkName& network,
                        const std::vector<MasqueradeSource>& sources,
                        Deadline deadline) {
  if (sources.empty()) return done;
  TRY_OK(store.lock(network, deadline));
  NetworkLock held(store, network);
  TRY(NetfilterSocket socket, open_netfilter(deadline));
  TRY(bool in_force, masquerades(socket, sources));
  if (in_force) return done;
  return ensure_masquerade(socket, sources);
}

std::optional<NetfilterSocket> socket_to_stop_masquerade(const StateStore& store,
                                                         const AttachmentKey& key,
                                                         const std::vector<std::string>& owners,
                                                         Deadline deadline) {
  if (owners.empty()) return std::nullopt;
  auto others = store.has_other(key);
  if (!others || (*others && owners == std::vector{owner_of(key.network)})) return std::nullopt;
  auto socket = open_netfilter(deadline);
  if (!socket) return std::nullopt;
  return *std::move(socket);
}

Status stop_masquerade_and_forget(StateStore& store,
                                  const AttachmentKey& key,
                                  const std::optional<Record>& record,
                                  const std::vector<std::string>& owners,
                                  Deadline deadline,
                                  std::optional<NetfilterSocket> early) {
  auto forget = [&] { return record ? store.retire(*record) : store.remove(key); };
  if (owners.empty()) return forget();
  TRY_OK(store.lock(key.network, deadline));
  NetworkLock held(store, key.network);
  TRY(bool others, store.has_other(key));
  std::vector<std::string> letting_go = owners;
  if (others) std::erase(letting_go, owner_of(key.network));
  if (!letting_go.empty()) {
    if (!early) {
      TRY(early, open_netfilter(deadline));
    }
    TRY_OK(remove_masquerade(*early, letting_go));
  }
  return forget();
}

Status stop_masquerade(StateStore& store, const Record& record, Deadline deadline) {
  TRY_OK(store.lock(record.key.network, deadline));
  NetworkLock held(store, record.key.network);
  TRY(auto others, owners_of_others(store, record.key.network, &record.key));
  std::vector<std::string> letting_go = record.masquerade;
  std::erase_if(letting_go, [&](const std::string& owner) { return others.contains(owner); });
  if (letting_go.empty()) return done;
  TRY(NetfilterSocket socket, open_netfilter(deadline));
  return remove_masquerade(socket, letting_go);
}

Result<bool> remove_unheld_masquerade(StateStore& store, const std::string& owner, Deadline deadline) {
  // That of a single attachment may be in any network. An ADD writes its record before it holds anything.
  TRY(auto networks, store.networks());
  auto network = NetworkName::parse(owner);
  if (network) TRY_OK(store.lock(*network, deadline));
  auto remove = [&]() -> Result<bool> {
    for (const std::string& name : networks) {
      TRY(NetworkName other, NetworkName::parse(name));
      TRY(auto owners, owners_of_others(store, other, nullptr));
      if (owners.contains(owner)) return false;
    }
    TRY(NetfilterSocket socket, open_netfilter(deadline));
    TRY_OK(remove_masquerade(socket, {owner}));
    return true;
  };
  auto removed = remove();
  if (network) store.unlock(*network);
  return removed;
}

Status stop_masquerade_without_state(const AttachmentKey& key,
                                     const std::vector<std::string>& owners,
                                     Deadline deadline) {
  if (owners.empty()) return done;
  TRY(auto host, open_host_routes(deadline));
  TRY(auto links, list_links(host));
  const std::string alias = "isthmus " + key.network.text() + "/";
  bool others = std::any_of(links.begin(), links.end(),
                            [&](const LinkInfo& link) { return link.kind == "veth" && link.alias.starts_with(alias); });
  std::vector<std::string> letting_go = owners;
  if (others) std::erase(letting_go, owner_of(key.network));
  if (letting_go.empty()) return done;
  TRY(NetfilterSocket socket, open_netfilter(deadline));
  return remove_masquerade(socket, letting_go);
}

}  // namespace isthmus
