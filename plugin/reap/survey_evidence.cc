// What a scan says about each candidate.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "netns/file.h"
#include "plugin/reap/survey.h"

namespace isthmus {
namespace {

// A closed UDP socket is counted until an RCU grace period has passed.
constexpr std::chrono::milliseconds kSocketPause(250);

std::vector<HostScan::Copy> copies_at(const HostScan& scan, const MountPlace& place) {
  std::vector<HostScan::Copy> copies;
  auto found = scan.copies_by_place.find(place.path);
  if (found == scan.copies_by_place.end()) return copies;
  for (const auto& copy : found->second)
    if (copy.mount->place == place) copies.push_back(copy);
  return copies;
}

}  // namespace

void Survey::weigh(ReapItem& item, const HostScan& scan) {
  item.evidence.holes = scan.holes;
  switch (item.kind) {
    case ReapKind::name:
    case ReapKind::file:
      return weigh_name(item, scan);
    case ReapKind::attachment:
      return weigh_attachment(item, scan);
    case ReapKind::link:
      return weigh_link(item, scan);
    case ReapKind::lease:
      return weigh_lease(item);
    case ReapKind::rule:
      return weigh_rule(item);
  }
}

void Survey::weigh_holders(ReapItem& item, ino_t inode, const HostScan& scan) {
  auto found = scan.holders.by_inode.find(inode);
  if (found == scan.holders.by_inode.end()) return;
  item.evidence.tasks = found->second.tasks;
  item.evidence.descriptors = found->second.descriptors;
  item.evidence.holders.clear();
  for (const NetnsHolder& holder : found->second.named)
    item.evidence.holders.push_back(describe(holder));
}

// A plain file may carry mounts in other mount namespaces only: its namespace is then what is judged.
void Survey::attach_copies_to_files(const HostScan& scan) {
  for (ReapItem& item : items_) {
    auto place = file_places_.find(item.path);
    if (item.kind != ReapKind::file || place == file_places_.end()) continue;
    for (const auto& copy : copies_at(scan, place->second)) {
      if (item.mount.inode != 0 && item.mount.inode != copy.mount->inode) item.evidence.stacked = true;
      item.mount = *copy.mount;
    }
    std::erase_if(item.records, [&](const Record& record) {
      return item.mount.inode != 0 && record.netns_id.inode != item.mount.inode;
    });
  }
}

void Survey::weigh_copies(ReapItem& item, const HostScan& scan) {
  std::optional<MountPlace> place = item.mount.place;
  if (auto known = file_places_.find(item.path); known != file_places_.end()) place = known->second;
  auto goes_with_it = [&](const NetnsMount& mount) { return place && mount.place == place; };
  if (place) {
    for (const auto& copy : copies_at(scan, *place))
      if (copy.mount->inode != item.mount.inode) item.evidence.stacked = true;
  }
  if (auto found = scan.copies_by_inode.find(item.mount.inode); found != scan.copies_by_inode.end()) {
    for (const auto& copy : found->second) {
      auto& texts = goes_with_it(*copy.mount) ? item.copies : item.evidence.other_places;
      if (texts.size() == kNamedHolders) continue;
      texts.push_back(goes_with_it(*copy.mount) ? *copy.where : "at " + copy.mount->mount_point + " " + *copy.where);
    }
  }
  if (item.kind != ReapKind::name) return;
  for (const NetnsMount& mount : scan.own) {
    bool other = mount.inode == item.mount.inode && mount.mount_point != item.path && !goes_with_it(mount);
    if (other) item.evidence.other_places.push_back("at " + mount.mount_point);
  }
}

void Survey::weigh_name(ReapItem& item, const HostScan& scan) {
  ReapEvidence& evidence = item.evidence;
  evidence.managed = true;
  evidence.is_host = item.mount.inode != 0 && item.mount.inode == own_netns_;
  if (item.kind == ReapKind::name) {
    auto same = [&](const NetnsMount& mount) {
      return mount.unique_id == item.mount.unique_id && mount.old_id == item.mount.old_id &&
             mount.inode == item.mount.inode && mount.mount_point == item.path;
    };
    auto now = std::find_if(scan.own.begin(), scan.own.end(), same);
    evidence.identity_changed = now == scan.own.end();
    evidence.covered = now != scan.own.end() && now->covered;
  } else {
    // Mounted here meanwhile: it was being made.
    evidence.identity_changed = std::any_of(scan.own.begin(), scan.own.end(),
                                            [&](const NetnsMount& mount) { return mount.mount_point == item.path; });
    if (!file_places_.contains(item.path))
      evidence.holes.push_back("the place of " + item.path + " in its file system");
  }
  if (item.mount.inode != 0) {
    weigh_holders(item, item.mount.inode, scan);
    weigh_copies(item, scan);
  }
  for (const Record& record : item.records)
    weigh_lock(item, record.key);
  if (is_clean(evidence) && item.is_mount() && !evidence.is_host) weigh_inside(item, scan);
  auto is_of_it = [&](const Record& record) { return item.cookie != 0 && record.netns_cookie == item.cookie; };
  const bool was_ours = std::any_of(item.released.begin(), item.released.end(), is_of_it);
  evidence.has_record = !item.records.empty() || was_ours;
  evidence.foreign_allowed = (options_.foreign && !item.runtime.empty()) || !item.is_mount();
  // An empty file that carries nothing holds nothing.
  evidence.owner_needed = item.is_mount();
}

void Survey::weigh_inside(ReapItem& item, const HostScan& scan) {
  std::string path = item.path;
  if (item.kind == ReapKind::file) {
    pid_t example = 0;
    if (auto found = scan.copies_by_inode.find(item.mount.inode); found != scan.copies_by_inode.end()) {
      for (const auto& copy : found->second)
        if (*copy.mount == item.mount) example = copy.example;
    }
    path = "/proc/" + std::to_string(example) + "/root" + item.mount.mount_point;
  }
  auto inside = look_inside(path, item.mount.inode, deadline_.at_most(kLookTime));
  if (!inside) {
    bool changed = inside.error().word == "netns-changed" || inside.error().word == "netns-missing" ||
                   inside.error().word == "netns-not-a-netns";
    if (changed && item.kind == ReapKind::name) {
      item.evidence.identity_changed = true;
    } else {
      item.evidence.holes.push_back(inside.error().text());
    }
    return;
  }
  if (item.cookie != 0 && item.cookie != inside->cookie) item.evidence.identity_changed = true;
  item.cookie = inside->cookie;
  item.evidence.sockets = inside->sockets;
  item.evidence.taps = inside->taps;
  item.evidence.other_user_namespace = inside->other_user_namespace;
  item.evidence.forwards_packets = inside->forwards && item.sent_packets && *item.sent_packets != inside->sent_packets;
  item.sent_packets = inside->sent_packets;
  item.links = std::move(inside->links);
  item.witness = std::move(inside->witness);
  // The record must be of this very namespace: inode numbers come back.
  std::erase_if(item.records, [&](const Record& record) {
    return record.netns_cookie != 0 && item.cookie != 0 && record.netns_cookie != item.cookie;
  });
  std::erase_if(item.released, [&](const Record& record) { return record.netns_cookie != item.cookie; });
}

void Survey::recheck_sockets() {
  auto has_sockets = [](const ReapItem& item) { return item.evidence.sockets > 0; };
  if (std::none_of(items_.begin(), items_.end(), has_sockets)) return;
  usleep(static_cast<useconds_t>(std::chrono::microseconds(kSocketPause).count()));
  for (ReapItem& item : items_) {
    if (!has_sockets(item) || item.kind != ReapKind::name) continue;
    auto inside = look_inside(item.path, item.mount.inode, deadline_.at_most(kLookTime));
    if (inside) item.evidence.sockets = inside->sockets;
  }
}

void Survey::weigh_owner(ReapItem& item) {
  ReapEvidence& evidence = item.evidence;
  const std::vector<std::string> containers = containers_of(item);
  if (item.is_mount() || item.kind == ReapKind::file) {
    evidence.claims = claims_->on(item.path, *runtimes_);
    for (const std::string& hole : claims_->holes()) {
      if (std::find(evidence.holes.begin(), evidence.holes.end(), hole) == evidence.holes.end()) {
        evidence.holes.push_back(hole);
      }
    }
  }
  auto answer = runtimes_->about(containers, containers.empty() ? item.runtime : std::string());
  evidence.owner = answer.says;
  if (evidence.owner_needed || answer.says == OwnerSays::alive) evidence.owner_text = answer.text;
  // A dead namespace or a plain file is nobody's, even if its container is still known.
  if (!evidence.owner_needed && answer.says == OwnerSays::alive) evidence.owner = OwnerSays::unasked;
}

void Survey::judge_all(FirstSeen& seen) {
  const std::int64_t now = FirstSeen::monotonic_ms();
  const std::int64_t wall = FirstSeen::wall_ms();
  for (ReapItem& item : items_) {
    bool clean = is_clean(item.evidence);
    if (clean && runtimes_) weigh_owner(item);
    clean = is_clean(item.evidence);
    SeenRow row = seen.note(item.identity(), clean, now, wall);
    item.evidence.clean_for = std::chrono::milliseconds(clean ? now - row.clean_since_ms : 0);
    item.evidence.clean_scans = row.clean_scans;
    // The wall clock may have jumped between the two; either way nothing is certain then.
    bool younger = item.file && item.file->born_ns / 1'000'000 > row.wall_ms + 2000;
    item.evidence.age_contradicts = clean && younger;
    item.judgement = judge(item.evidence, options_.policy);
  }
}

}  // namespace isthmus
