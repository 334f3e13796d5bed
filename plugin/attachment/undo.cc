#include "plugin/attachment/undo.h"

#include "netlink/link_removal.h"
#include "netlink/mac_guard.h"
#include "netlink/neighbour.h"
#include "plugin/attachment/facts.h"
#include "plugin/attachment/netns_resolv_conf.h"

namespace isthmus {
namespace {

Status remove_link(const AttachmentKey& key,
                   const std::optional<Record>& record,
                   RouteSocket<HostSide>& host,
                   Deadline deadline,
                   const NetfilterSocket* netfilter) {
  TRY(auto link, find_host_end(host, key, record ? record->host_ifname : std::string()));
  if (!link) return done;
  std::optional<FdRef> kept;
  if (netfilter != nullptr) kept = netfilter->ref();
  return run_at_home(
      [&](const auto& here) { return delete_link_without_grace(here, link->ifindex, link->name, deadline, kept); });
}

// A bridge stays, and with it what the host knew about its neighbours: the next container with the address would be
// spoken to under this one's MAC.
Status forget_neighbours(const Record& record, RouteSocket<HostSide>& host) {
  auto name = IfName::parse(record.gateway_link);
  if (!name) return done;
  TRY(auto link, find_link(host, *name));
  if (!link) return done;
  for (const Prefix& address : record.addresses)
    TRY_OK(delete_neighbour(host, link->ifindex, link->name, address.address()));
  return done;
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
    attempt(remove_link(key, record, *host, deadline, netfilter));
    if (record && !record->gateway_link.empty()) attempt(forget_neighbours(*record, *host));
  } else {
    failures.push_back(std::move(host).error());
  }
  if (mac_guard) attempt(remove_guard(key, record, deadline, netfilter));
  if (record && record->resolv_conf) attempt(remove_resolv_conf(*record->resolv_conf));
  return failures;
}

}  // namespace isthmus
