#include "plugin/verbs/full_pool.h"

#include <algorithm>
#include <set>

#include "netns/netns_holders.h"
#include "netns/netns_mounts.h"
#include "plugin/attachment/facts.h"
#include "plugin/attachment/netns_name.h"
#include "plugin/ipam/ipam.h"
#include "plugin/verbs/release.h"

namespace isthmus {
namespace {

// Enough for the next calls too, and soon done.
constexpr std::size_t kMostAtOnce = 16;
constexpr std::chrono::seconds kScanTime(5);

// Its link may have been renamed, but not numbered anew.
Result<bool> has_its_link(Kernel<HostSide>& host, const AttachmentKey& key, const std::string& name, int ifindex) {
  TRY(auto link, find_host_end(host.routes, key, name));
  if (link) return true;
  if (ifindex == 0) return false;
  TRY(link, find_link(host.routes, ifindex));
  return link && link->mac == key.host_mac();
}

// Those that look dead without a look at the whole host.
std::vector<Record> suspects(const Call& call, const StateStore& store, Kernel<HostSide>& host) {
  std::vector<Record> found;
  auto listed = store.list(call.conf.name);
  if (!listed) return found;
  for (const auto& one : *listed) {
    if (!one.record || one.record->key == call.key() || one.record->ipam_type != kEmbeddedIpam) continue;
    const Record& record = *one.record;
    if (look_at_netns_name(record) != NetnsName::gone) continue;
    auto link = has_its_link(host, record.key, record.host_ifname, record.host_ifindex);
    if (link && !*link) found.push_back(record);
  }
  return found;
}

std::set<ino_t> inodes_of(const std::vector<Record>& records) {
  std::set<ino_t> inodes;
  for (const Record& record : records)
    inodes.insert(record.netns_id.inode);
  return inodes;
}

// Leaves those whose namespace nobody holds. That a number may have been used again only keeps an address longer.
void keep_unheld(std::vector<Record>& records, Deadline deadline) {
  if (records.empty()) return;
  HolderQuery query;
  query.inodes = inodes_of(records);
  auto holders = scan_netns_holders(query, deadline);
  auto own = own_netns_mounts();
  if (!holders || !own || !holders->unreadable.empty()) return records.clear();
  ForeignMounts foreign = foreign_netns_mounts(holders->mount_namespaces, deadline);
  if (!foreign.unreadable.empty()) return records.clear();
  std::set<ino_t> held;
  for (const auto& [inode, of] : holders->by_inode)
    if (of.tasks + of.descriptors > 0) held.insert(inode);
  for (const NetnsMount& mount : *own)
    held.insert(mount.inode);
  for (const auto& ns : foreign.namespaces)
    for (const NetnsMount& mount : ns.mounts)
      held.insert(mount.inode);
  std::erase_if(records, [&](const Record& record) { return held.contains(record.netns_id.inode); });
}

std::size_t take_down(const Call& call, StateStore& store, const std::vector<Record>& dead) {
  std::size_t gone = 0;
  for (const Record& judged : dead) {
    if (gone == kMostAtOnce || call.deadline.passed()) break;
    auto locked = store.try_lock(judged.key);
    if (!locked || !*locked) continue;
    auto record = store.read(judged.key);
    if (record && *record == judged && release(call, judged.key, judged, &store).empty()) ++gone;
    store.unlock(judged.key);
  }
  return gone;
}

// Addresses without a record. The record is written first, so they belong to nobody, unless their link is still there.
// The lock stays with us until the lease is gone.
void release_unrecorded(const Call& call, StateStore& store, Kernel<HostSide>& host) {
  auto may_release = [&](const AttachmentRef& holder) {
    auto id = ContainerId::parse(holder.container_id);
    auto ifname = IfName::parse(holder.ifname);
    if (!id || !ifname) return false;
    AttachmentKey key{call.conf.name, *id, *ifname};
    auto locked = store.try_lock(key);
    if (!locked || !*locked) return false;
    auto record = store.read(key);
    if (!record || *record) return false;
    auto link = find_host_end(host.routes, key, "");
    return link && !*link;
  };
  // What it cannot release is reported by the second attempt to take one.
  (void)collect_leases({call.invocation, call.conf, call.deadline}, {call.key().ref()}, may_release);
}

}  // namespace

Answer<Lease> acquire_lease_making_room(const Call& call, StateStore& store, Kernel<HostSide>& host) {
  const IpamCall ipam{call.invocation, call.conf, call.deadline};
  auto lease = acquire_lease(ipam);
  if (lease || call.conf.ipam_type != kEmbeddedIpam) return lease;
  if (lease.error().msg.find("[ipam-exhausted]") == std::string::npos) return lease;
  std::vector<Record> dead = suspects(call, store, host);
  keep_unheld(dead, call.deadline.at_most(kScanTime));
  std::size_t gone = take_down(call, store, dead);
  if (gone == 0) release_unrecorded(call, store, host);
  if (gone > 0) call.report.note = "all addresses were held: took down " + std::to_string(gone) + " dead attachments";
  return acquire_lease(ipam);
}

}  // namespace isthmus
