#include "plugin/ipam/embedded.h"

#include <algorithm>
#include <map>

#include "plugin/ipam/lease_store.h"
#include "plugin/ipam/resolv_conf.h"
#include "plugin/ipam/set_walk.h"

namespace isthmus::embedded {
namespace {

AttachmentRef holder_in(const IpamCall& call) {
  return {call.invocation.id().text(), call.invocation.interface().text()};
}

// Which address is wanted of each set; nullopt: any. Each requested address belongs to exactly one set.
Result<std::vector<std::optional<IpAddress>>> assign_requested(const EmbeddedIpamConf& ipam) {
  std::vector<std::optional<IpAddress>> wanted(ipam.sets.size());
  for (const IpAddress& address : ipam.requested) {
    auto set = std::find_if(ipam.sets.begin(), ipam.sets.end(),
                            [&](const RangeSet& ranges) { return range_for(ranges, address) != nullptr; });
    Error refused{"take requested address", address.text(), 0, {}, "ip-not-in-range", {}};
    if (set == ipam.sets.end()) {
      refused.detail = "no range of the network hands it out";
      return refused;
    }
    auto& slot = wanted[static_cast<std::size_t>(set - ipam.sets.begin())];
    if (slot && *slot != address) {
      refused.detail = "it is from the same set of ranges as " + slot->text() + ", and each set gives one address";
      return refused;
    }
    slot = address;
  }
  return wanted;
}

Result<std::vector<LeasedAddress>> take_from_each(LeaseStore& store,
                                                  const EmbeddedIpamConf& ipam,
                                                  const AttachmentRef& holder,
                                                  std::vector<IpAddress>& taken) {
  TRY(auto wanted, assign_requested(ipam));
  std::vector<LeasedAddress> leased;
  for (std::size_t i = 0; i < ipam.sets.size(); ++i) {
    const RangeSet& set = ipam.sets[i];
    if (wanted[i]) {
      TRY_OK(store.take(*wanted[i], set, holder));
      taken.push_back(*wanted[i]);
    } else {
      TRY(IpAddress address, store.take_any(set, i, holder));
      taken.push_back(address);
    }
    const IpRange* range = range_for(set, taken.back());
    TRY(Prefix address, Prefix::from(taken.back(), range->subnet.length()));
    leased.push_back({address, range->gateway});
  }
  return leased;
}

}  // namespace

Answer<Lease> acquire(const IpamCall& call, const EmbeddedIpamConf& ipam) {
  Lease lease;
  // What can be wrong without any address taken comes first.
  if (!ipam.resolv_conf.empty()) {
    TRY(lease.dns, read_resolv_conf(ipam.resolv_conf));
  }
  lease.routes = ipam.routes;
  TRY(LeaseStore store, LeaseStore::open(call.conf.state_dir, call.conf.name));
  const AttachmentRef holder = holder_in(call);
  std::vector<IpAddress> taken;
  auto leased = take_from_each(store, ipam, holder, taken);
  if (!leased) {
    // Should one not go, DEL and GC find it by its holder.
    for (const IpAddress& address : taken)
      (void)store.release(address, holder);
    return std::move(leased).error();
  }
  lease.addresses = *std::move(leased);
  return lease;
}

Status release(const IpamCall& call, const std::vector<IpAddress>* known) {
  TRY(auto store, LeaseStore::open_existing(call.conf.state_dir, call.conf.name));
  if (!store) return done;
  const AttachmentRef holder = holder_in(call);
  if (known == nullptr) return store->release_all(holder);
  std::optional<Error> first;
  for (const IpAddress& address : *known) {
    auto released = store->release(address, holder);
    if (!released && !first) first = std::move(released).error();
  }
  if (first) return *std::move(first);
  return done;
}

Status check(const IpamCall& call, const std::vector<IpAddress>& addresses) {
  TRY(auto store, LeaseStore::open_existing(call.conf.state_dir, call.conf.name));
  const AttachmentRef holder = holder_in(call);
  for (const IpAddress& address : addresses) {
    std::optional<AttachmentRef> who;
    if (store) {
      TRY(who, store->holder_of(address));
    }
    if (who == holder) continue;
    std::string detail =
        !who ? "nobody holds it" : "'" + who->ifname + "' of container '" + who->container_id + "' holds it instead";
    return Error{"confirm the lease of", address.text(), 0,
                 std::move(detail),      "lease-lost",   "the address may be handed out twice: recreate the pod"};
  }
  return done;
}

AnswerStatus collect(const IpamCall& call,
                     const std::vector<AttachmentRef>& keep,
                     const std::function<bool(const AttachmentRef&)>& may_release) {
  TRY(auto store, LeaseStore::open_existing(call.conf.state_dir, call.conf.name));
  if (!store) return done;
  TRY(auto leases, store->list());
  std::map<AttachmentRef, bool> verdicts;
  for (const AttachmentRef& kept : keep)
    verdicts[kept] = false;
  std::vector<CniError> failures;
  for (const auto& [address, holder] : leases) {
    auto [verdict, is_new] = verdicts.try_emplace(holder, true);
    if (is_new && may_release) verdict->second = may_release(holder);
    if (!verdict->second) continue;
    if (auto released = store->release(address, holder); !released) failures.emplace_back(released.error());
  }
  if (!failures.empty()) return join_errors(failures);
  return done;
}

}  // namespace isthmus::embedded
