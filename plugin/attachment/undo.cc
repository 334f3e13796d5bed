#include "plugin/attachment/undo.h"

#include "netlink/link_removal.h"
#include "netlink/mac_guard.h"
#include "netlink/neighbour.h"
#include "plugin/attachment/facts.h"
#include "plugin/attachment/netns_resolv_conf.h"

namespace isthmus {
namespace {

// A bridge stays, and with it what the host knew about its neighbours: the next container with the address would be
// spoken to under this one's MAC.
Result<std::vector<NeighbourRef>> neighbours_of(const Record& record, RouteSocket<HostSide>& host) {
  std::vector<NeighbourRef> neighbours;
  auto name = IfName::parse(record.gateway_link);
  if (!name) return neighbours;
  TRY(auto link, find_link(host, *name));
  if (!link) return neighbours;
  for (const Prefix& address : record.addresses)
    neighbours.push_back({link->ifindex, address.address()});
  return neighbours;
}

Status remove_link(const AttachmentKey& key,
                   const std::optional<Record>& record,
                   std::vector<NeighbourRef> neighbours,
                   RouteSocket<HostSide>& host,
                   Deadline deadline,
                   const NetfilterSocket* netfilter) {
  TRY(auto link, find_host_end(host, key, record ? record->host_ifname : std::string()));
  if (!link) {
    for (const NeighbourRef& neighbour : neighbours)
      TRY_OK(delete_neighbour(host, neighbour));
    return done;
  }
  LinkRemoval removal{link->ifindex, link->name, std::move(neighbours)};
  if (netfilter != nullptr) removal.kept = netfilter->ref();
  return run_at_home([&](const auto& here) { return delete_link_without_grace(here, host, removal, deadline); });
}

// The name of the guard is that of the link, which is gone by now.
Status remove_guard(const AttachmentKey& key,
                    const std::optional<Record>& record,
                    Deadline deadline,
                    NetfilterSocket* netfilter) {
  std::optional<NetfilterSocket> own;
  if (netfilter == nullptr) {
    TRY(own, run_at_home([&](const auto& here) { return NetfilterSocket::open(here, deadline); }));
    netfilter = &*own;
  }
  auto recorded = IfName::parse(record ? record->host_ifname : std::string());
  return remove_mac_guard(*netfilter, recorded ? *recorded : key.host_ifname(0));
}

}  // namespace

std::vector<Error> undo(const AttachmentKey& key,
                        const std::optional<Record>& record,
                        bool mac_guard,
                        Deadline deadline,
                        NetfilterSocket* netfilter) {
  std::vector<Error> failures;
  auto attempt = [&](Status status) {
    if (!status) failures.push_back(std::move(status).error());
  };
  if (auto host = open_host_routes(deadline)) {
    std::vector<NeighbourRef> neighbours;
    auto found = record ? neighbours_of(*record, *host) : neighbours;
    if (found) {
      neighbours = *std::move(found);
    } else {
      failures.push_back(std::move(found).error());
    }
    attempt(remove_link(key, record, std::move(neighbours), *host, deadline, netfilter));
  } else {
    failures.push_back(std::move(host).error());
  }
  if (mac_guard) attempt(remove_guard(key, record, deadline, netfilter));
  if (record && record->resolv_conf) attempt(remove_resolv_conf(*record->resolv_conf));
  return failures;
}

}  // namespace isthmus
