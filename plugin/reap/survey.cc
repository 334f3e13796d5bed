#include "plugin/reap/survey.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "netns/file.h"

namespace isthmus {
namespace {

ino_t own_netns_inode() {
  auto own = NetnsFd::own();
  return own ? own->id().inode : 0;
}

std::vector<std::string> entries_of(FdRef dir) {
  std::vector<std::string> names;
  int own = openat(dir.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (own < 0) return names;
  std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(own), closedir);
  if (!stream) {
    close(own);
    return names;
  }
  while (const dirent* entry = readdir(stream.get())) {
    // Names of namespaces are regular files or mounts; the type is that of what lies below a mount.
    if (entry->d_name[0] != '.' && (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN)) {
      names.emplace_back(entry->d_name);
    }
  }
  return names;
}

// The place of a file in its file system, to be found on other mount namespaces' mounts.
std::optional<MountPlace> place_of(FdRef dir, const std::string& path) {
  auto mount = mount_of_file(dir, "");
  if (!mount || mount->unique_id == 0) return std::nullopt;
  auto facts = stat_mount(kOwnMountNs, mount->unique_id, true);
  if (!facts) return std::nullopt;
  return place_on(facts->device, facts->root, facts->mount_point, path);
}

// Whether there is anything of it that may be taken.
bool is_wanted(const ReapItem& item, const ReapOptions& options) {
  if (item.kind == ReapKind::name || item.kind == ReapKind::file) return options.mounts;
  if (item.kind != ReapKind::attachment || options.whole_attachments()) return true;
  const Record& record = item.records.front();
  return (options.links && (item.host_link || record.resolv_conf)) || (options.leases && !record.ipam_type.empty()) ||
         (options.rules && !record.masquerade.empty());
}

std::string where_is(pid_t example) {
  if (example == 0) return "in a mount namespace without any task";
  auto command = read_small_file(FdRef::borrow(AT_FDCWD), "/proc/" + std::to_string(example) + "/comm", 64);
  std::string name = command ? " (" + command->substr(0, command->find('\n')) + ")" : std::string();
  return "in the mount namespace of pid " + std::to_string(example) + name;
}

}  // namespace

Survey::Survey(const ReapOptions& options, Deadline deadline)
    : options_(options), deadline_(deadline), managed_(options.roots), own_netns_(own_netns_inode()) {}

void HostScan::index() {
  for (const auto& ns : foreign.namespaces) {
    const std::string& where = places.emplace_back(where_is(ns.example));
    for (const NetnsMount& mount : ns.mounts) {
      Copy copy{&mount, ns.example, &where};
      copies_by_inode[mount.inode].push_back(copy);
      if (mount.place) copies_by_place[mount.place->path].push_back(copy);
    }
  }
}

std::set<ino_t> Survey::inodes() const {
  std::set<ino_t> inodes;
  for (const ReapItem& item : items_) {
    if (item.mount.inode != 0) inodes.insert(item.mount.inode);
    for (const Record& record : item.records)
      inodes.insert(record.netns_id.inode);
  }
  return inodes;
}

Result<HostScan> Survey::scan(const std::set<ino_t>& inodes) {
  HostScan scan;
  TRY(scan.own, own_netns_mounts());
  HolderQuery query;
  query.inodes = inodes;
  query.ignore_pids = options_.ignore_pids;
  TRY(scan.holders, scan_netns_holders(query, deadline_));
  scan.foreign = foreign_netns_mounts(scan.holders.mount_namespaces, deadline_);
  scan.index();
  scan.holes = scan.holders.unreadable;
  scan.holes.insert(scan.holes.end(), scan.foreign.unreadable.begin(), scan.foreign.unreadable.end());
  coverage_.tasks_seen = scan.holders.tasks_seen;
  coverage_.tasks_read = scan.holders.tasks_read;
  coverage_.descriptors = scan.holders.descriptors;
  coverage_.mount_namespaces_seen = scan.foreign.seen;
  coverage_.mount_namespaces_read = scan.foreign.read;
  coverage_.walked = scan.foreign.walked;
  coverage_.holes = scan.holes;
  coverage_.holes.insert(coverage_.holes.end(), own_holes_.begin(), own_holes_.end());
  return scan;
}

Status Survey::find_names(const std::vector<NetnsMount>& own) {
  std::set<std::string> known;
  for (const NetnsMount& mount : own) {
    if (!managed_.holds(mount.mount_point)) continue;
    // A self-bind of the directory shows each mount twice, a stack shows several: one name each.
    if (!known.insert(mount.mount_point).second) continue;
    ReapItem item;
    item.kind = ReapKind::name;
    item.path = mount.mount_point;
    item.name = last_part(item.path);
    item.mount = mount;
    item.runtime = runtime_of_name(item.path);
    for (const NetnsMount& other : own) {
      if (other.mount_point != mount.mount_point) continue;
      item.evidence.stacked = item.evidence.stacked || other.inode != mount.inode;
    }
    items_.push_back(std::move(item));
  }
  return done;
}

Status Survey::find_files(const std::vector<NetnsMount>& own) {
  std::set<std::string> mounted;
  for (const NetnsMount& mount : own)
    mounted.insert(mount.mount_point);
  for (const std::string& path : managed_.fixed()) {
    const bool asked_for = path != "/run/netns" && path != "/run/docker/netns";
    auto dir = open_name_directory(path, deadline_.at_most(std::chrono::seconds(2)));
    if (!dir) {
      if (asked_for) return std::move(dir).error();
      if (dir.error().err == ENOENT) continue;
      coverage_.holes.push_back(dir.error().text());
      continue;
    }
    for (const std::string& name : entries_of(dir->ref())) {
      std::string full = path;
      full.append("/").append(name);
      if (mounted.contains(full)) continue;
      auto file = file_below(dir->ref(), name);
      if (!file || !*file || !(*file)->is_plain_name()) continue;
      ReapItem item;
      item.kind = ReapKind::file;
      item.path = full;
      item.name = name;
      item.file = **file;
      item.runtime = runtime_of_name(full);
      if (auto place = place_of(dir->ref(), full)) file_places_[full] = *place;
      items_.push_back(std::move(item));
    }
  }
  return done;
}

Status Survey::read_records() {
  TRY(auto store, StateStore::open_existing(options_.state_dir));
  if (!store) return done;
  store_ = *std::move(store);
  TRY(released_, store_->released());
  TRY(auto networks, store_->networks());
  for (const std::string& network : networks) {
    auto name = NetworkName::parse(network);
    if (!name) continue;
    TRY(auto listed, store_->list(*name));
    for (auto& one : listed) {
      if (one.record) {
        records_.push_back(*std::move(one.record));
      } else {
        bad_records_.push_back(network + "/" + one.file_name);
      }
    }
  }
  return done;
}

Status Survey::look(FirstSeen& seen) {
  TRY(auto own, own_netns_mounts());
  TRY_OK(find_names(own));
  TRY_OK(find_files(own));
  TRY_OK(read_records());
  find_attachments();
  find_links();
  find_leases();
  find_rules();
  TRY(HostScan first, scan(inodes()));
  attach_copies_to_files(first);
  for (ReapItem& item : items_)
    weigh(item, first);
  recheck_sockets();
  bool any_without_holder =
      std::any_of(items_.begin(), items_.end(), [](const ReapItem& item) { return is_clean(item.evidence); });
  if (any_without_holder) {
    TRY(Runtimes runtimes, Runtimes::ask(options_.runtimes, deadline_.at_most(std::chrono::seconds(10))));
    runtimes_ = std::move(runtimes);
    coverage_.asked = runtimes_->asked();
    std::set<std::string> directories;
    for (const ReapItem& item : items_)
      if (item.is_mount() || item.kind == ReapKind::file) directories.insert(directory_of(item.path));
    claims_ = Claims::collect(directories, deadline_.at_most(std::chrono::seconds(5)));
  }
  judge_all(seen);
  auto lacks_a_look = [](const ReapItem& item) {
    return item.judgement.verdict == ReapVerdict::ageing && item.judgement.reason.starts_with("seen unused");
  };
  if (std::any_of(items_.begin(), items_.end(), lacks_a_look)) TRY_OK(look_again(seen));
  std::erase_if(items_, [&](const ReapItem& item) { return !is_wanted(item, options_); });
  return done;
}

Status Survey::look_again(FirstSeen& seen) {
  TRY(HostScan scan_now, scan(inodes()));
  for (ReapItem& item : items_) {
    if (item.judgement.verdict == ReapVerdict::ageing || item.judgement.verdict == ReapVerdict::leaked) {
      ReapEvidence fresh;
      fresh.stacked = item.evidence.stacked;
      item.evidence = std::move(fresh);
      item.copies.clear();
      weigh(item, scan_now);
    }
  }
  recheck_sockets();
  judge_all(seen);
  return done;
}

}  // namespace isthmus
