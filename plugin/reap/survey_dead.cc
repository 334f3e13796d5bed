// What a scan says about what has no name: records, links, addresses and rules of attachments.
#include <fcntl.h>

#include <algorithm>

#include "netlink/nsid.h"
#include "netns/file.h"
#include "plugin/attachment/facts.h"
#include "plugin/reap/link_owner.h"
#include "plugin/reap/survey.h"

namespace isthmus {

void Survey::weigh_lock(ReapItem& item, const AttachmentKey& key) {
  if (!store_) return;
  auto free = store_->try_lock(key);
  if (!free) return item.evidence.holes.push_back(free.error().text());
  if (*free) return store_->unlock(key);
  item.evidence.in_use = true;
  item.evidence.in_use_by = "an ADD or DEL of " + key.container_id.text().substr(0, 13) + " is at work";
}

// Its name is gone. Dead beyond doubt when nothing holds its namespace and its link's end here has gone with it.
void Survey::weigh_attachment(ReapItem& item, const HostScan& scan) {
  const Record& record = item.records.front();
  ReapEvidence& evidence = item.evidence;
  evidence.has_record = true;
  weigh_lock(item, record.key);
  weigh_holders(item, record.netns_id.inode, scan);
  auto found = scan.holders.by_inode.find(record.netns_id.inode);
  if (found != scan.holders.by_inode.end() && !found->second.named.empty()) {
    const NetnsHolder& holder = found->second.named.front();
    const std::string link = "/proc/" + std::to_string(holder.pid) + "/task/" + std::to_string(holder.tid) + "/ns/net";
    auto inside = holder.kind == NetnsHolder::Kind::task
                      ? look_inside(link, record.netns_id.inode, deadline_.at_most(kLookTime))
                      : Result<NetnsInside>(Error{"look", "inside", 0, "no task", "", {}});
    // Another namespace under a number that was used again.
    if (inside && record.netns_cookie != 0 && inside->cookie != 0 && inside->cookie != record.netns_cookie) {
      evidence.tasks = 0;
      evidence.descriptors = 0;
      evidence.holders.clear();
    }
  }
  auto is_mounted = [&](const NetnsMount& mount) { return mount.inode == record.netns_id.inode; };
  for (const NetnsMount& mount : scan.own) {
    if (!is_mounted(mount)) continue;
    auto inside = look_inside(mount.mount_point, mount.inode, deadline_.at_most(kLookTime));
    bool another = inside && record.netns_cookie != 0 && inside->cookie != 0 && inside->cookie != record.netns_cookie;
    if (!another) evidence.other_places.push_back("at " + mount.mount_point);
  }
  if (auto copies = scan.copies_by_inode.find(record.netns_id.inode); copies != scan.copies_by_inode.end()) {
    const auto& copy = copies->second.front();
    evidence.other_places.push_back("at " + copy.mount->mount_point + " " + *copy.where);
  }
  auto host = open_host_routes(deadline_);
  auto link = host ? find_host_end(*host, record.key, record.host_ifname)
                   : Result<std::optional<LinkInfo>>(std::move(host).error());
  if (!link) {
    evidence.holes.push_back(link.error().text());
    return;
  }
  item.host_link = *link ? std::optional<std::string>((*link)->name) : std::nullopt;
  evidence.owner_needed = link->has_value();
}

// Intent goes to disk before the first address is taken, so an address without a record belongs to nobody.
void Survey::weigh_lease(ReapItem& item) {
  item.evidence.has_record = true;
  auto key = key_of(item);
  if (!key) {
    item.evidence.holes.emplace_back("whose address it is");
    return;
  }
  weigh_lock(item, *key);
  if (auto record = store_->read(*key); !record || *record) item.evidence.identity_changed = true;
  auto host = open_host_routes(deadline_);
  auto link = host ? find_host_end(*host, *key, "") : Result<std::optional<LinkInfo>>(std::move(host).error());
  if (!link) {
    item.evidence.holes.push_back(link.error().text());
    return;
  }
  item.host_link = *link ? std::optional<std::string>((*link)->name) : std::nullopt;
  item.evidence.owner_needed = link->has_value();
}

// Its alias says whose it is. The runtime says whether that container is gone; nobody may be in the namespace of its
// other end, and that may have no name: a link goes with the name then.
void Survey::weigh_link(ReapItem& item, const HostScan& scan) {
  ReapEvidence& evidence = item.evidence;
  evidence.has_record = true;
  auto key = key_of(item);
  auto host = open_host(deadline_);
  auto links = host ? list_links(host->routes) : Result<std::vector<LinkInfo>>(host.error());
  if (!key || !links) {
    evidence.holes.push_back(links ? "whose link it is" : links.error().text());
    return;
  }
  weigh_lock(item, *key);
  auto record = store_ ? store_->read(*key) : Result<std::optional<Record>>(std::optional<Record>());
  auto same = [&](const LinkInfo& listed) {
    return listed.ifindex == item.ifindex && attachment_of_link(listed) == key;
  };
  auto now = std::find_if(links->begin(), links->end(), same);
  evidence.identity_changed = now == links->end() || !record || record->has_value();
  if (evidence.identity_changed) return;
  item.host_link = item.name;
  if (now->peer_nsid) return weigh_peer(item, *now->peer_nsid, *host, scan);
  evidence.in_use = true;
  evidence.in_use_by = "its other end is in this network namespace";
}

void Survey::weigh_peer(ReapItem& item, int nsid, Kernel<HostSide>& host, const HostScan& scan) {
  ReapEvidence& evidence = item.evidence;
  for (const auto& [inode, tid] : scan.holders.task_in_netns) {
    auto of_task = nsid_of_task(host.routes, tid);
    if (!of_task) return evidence.holes.push_back(of_task.error().text());
    if (*of_task != nsid) continue;
    evidence.tasks = 1;
    auto command = read_small_file(FdRef::borrow(AT_FDCWD), "/proc/" + std::to_string(tid) + "/comm", 64);
    std::string name = command ? " (" + command->substr(0, command->find('\n')) + ")" : std::string();
    evidence.holders = {"pid " + std::to_string(tid) + name};
    return;
  }
  for (const NetnsMount& mount : scan.own) {
    auto path = NetnsPath::parse(mount.mount_point);
    auto netns = path ? NetnsFd::open(*path, deadline_.at_most(kLookTime)) : Result<NetnsFd>(path.error());
    if (!netns) continue;
    auto of_name = nsid_of_netns(host.routes, netns->ref());
    if (of_name && *of_name == nsid) evidence.other_places.push_back("at " + mount.mount_point + ", its other end");
  }
}

// Nobody holds a record, nobody a link: nothing can come from those subnets.
void Survey::weigh_rule(ReapItem& item) {
  item.evidence.has_record = true;
  item.evidence.owner_needed = false;
  if (!masquerade_owners().contains(item.name)) return;
  item.evidence.in_use = true;
  item.evidence.in_use_by = "an attachment of it is there";
}

}  // namespace isthmus
