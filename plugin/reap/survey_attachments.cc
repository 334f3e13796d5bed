// Finding what may be left of attachments: records, host's ends of links, addresses, masqueraded subnets.
#include <algorithm>

#include "netlink/link.h"
#include "netlink/masquerade.h"
#include "plugin/ipam/lease_store.h"
#include "plugin/reap/link_owner.h"
#include "plugin/reap/survey.h"

namespace isthmus {

// Records that belong to a name go with it; the others are candidates of their own.
void Survey::find_attachments() {
  std::map<std::string, std::vector<ReapItem*>> by_path;
  for (ReapItem& item : items_)
    by_path[item.path].push_back(&item);
  std::vector<ReapItem> alone;
  for (const Record& record : records_) {
    bool taken = false;
    for (ReapItem* item : by_path[canonical_run_path(record.netns)]) {
      // Which namespace a plain file carries elsewhere is seen later; its inode decides then.
      bool same =
          item->mount.inode == record.netns_id.inode || (item->kind == ReapKind::file && item->mount.inode == 0);
      if (!same) continue;
      item->records.push_back(record);
      taken = true;
    }
    if (taken || !(options_.links || options_.leases || options_.rules)) continue;
    ReapItem item;
    item.kind = ReapKind::attachment;
    item.name = record.key.network.text() + "/" + record.key.container_id.text() + "/" + record.key.ifname.text();
    item.path = record.netns;
    item.records.push_back(record);
    alone.push_back(std::move(item));
  }
  for (const Record& record : released_) {
    for (ReapItem* item : by_path[canonical_run_path(record.netns)])
      item->released.push_back(record);
  }
  for (ReapItem& item : alone)
    items_.push_back(std::move(item));
}

// State that was lost leaves links of which nothing tells but their own alias.
void Survey::find_links() {
  if (!options_.links) return;
  auto host = open_host_routes(deadline_);
  auto links = host ? list_links(*host) : Result<std::vector<LinkInfo>>(std::move(host).error());
  if (!links) return own_holes_.push_back(links.error().text());
  std::set<AttachmentKey> recorded;
  for (const Record& record : records_)
    recorded.insert(record.key);
  for (const LinkInfo& listed : *links) {
    auto key = attachment_of_link(listed);
    if (!key || recorded.contains(*key)) continue;
    // A record that cannot be read may be its.
    const std::string file = key->network.text() + "/" + key->file_name();
    if (std::find(bad_records_.begin(), bad_records_.end(), file) != bad_records_.end()) continue;
    ReapItem item;
    item.kind = ReapKind::link;
    item.name = listed.name;
    item.ifindex = listed.ifindex;
    item.network = key->network.text();
    item.holder = key->ref();
    items_.push_back(std::move(item));
  }
}

void Survey::find_leases() {
  if (!store_ || !options_.leases) return;
  std::set<std::pair<std::string, AttachmentRef>> held;
  for (const Record& record : records_)
    held.emplace(record.key.network.text(), record.key.ref());
  auto networks = store_->networks();
  if (!networks) return;
  for (const std::string& network : *networks) {
    auto name = NetworkName::parse(network);
    if (!name) continue;
    // A record that cannot be read may be the holder's.
    bool unsure = std::any_of(bad_records_.begin(), bad_records_.end(),
                              [&](const std::string& bad) { return bad.starts_with(network + "/"); });
    auto leases = LeaseStore::open_existing(options_.state_dir, *name);
    if (!leases) could_not_read(leases.error());
    if (unsure || !leases || !*leases) continue;
    auto all = (*leases)->list();
    if (!all) could_not_read(all.error());
    if (!all) continue;
    for (const HeldAddress& lease : *all) {
      if (lease.holder.container_id.empty() || held.contains({network, lease.holder})) continue;
      ReapItem item;
      item.kind = ReapKind::lease;
      item.name = lease.address.text();
      item.network = network;
      item.holder = lease.holder;
      items_.push_back(std::move(item));
    }
  }
}

// Whoever a record or a link here tells of.
std::set<std::string> Survey::masquerade_owners() const {
  std::set<std::string> owners;
  auto networks = store_ ? store_->networks() : Result<std::vector<std::string>>(std::vector<std::string>());
  if (networks) {
    for (const std::string& network : *networks) {
      auto name = NetworkName::parse(network);
      auto records = name ? store_->list(*name) : Result<std::vector<StateStore::Listed>>(name.error());
      for (const auto& listed : records ? *records : std::vector<StateStore::Listed>()) {
        // One that cannot be read may hold the network's.
        if (!listed.record) owners.insert(network);
        if (listed.record) owners.insert(listed.record->masquerade.begin(), listed.record->masquerade.end());
      }
    }
  }
  auto host = open_host_routes(deadline_);
  auto links = host ? list_links(*host) : Result<std::vector<LinkInfo>>(std::move(host).error());
  if (!links) return owners;
  for (const LinkInfo& listed : *links) {
    owners.insert(listed.name);
    if (auto key = attachment_of_link(listed)) owners.insert(key->network.text());
  }
  return owners;
}

void Survey::find_rules() {
  if (!options_.rules) return;
  auto sources = run_at_home([&](const auto& here) -> Result<std::vector<MasqueradeSource>> {
    TRY(auto socket, NetfilterSocket::open(here, deadline_));
    return masquerade_sources(socket);
  });
  if (!sources) return own_holes_.push_back(sources.error().text());
  if (sources->empty()) return;
  std::set<std::string> known = masquerade_owners();
  for (const MasqueradeSource& source : *sources) {
    if (!known.insert(source.owner).second) continue;
    ReapItem item;
    item.kind = ReapKind::rule;
    item.name = source.owner;
    items_.push_back(std::move(item));
  }
}

}  // namespace isthmus
