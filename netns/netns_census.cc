#include "netns/netns_census.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>

#include "netns/syscalls.h"

namespace isthmus {
namespace {

std::string ns_of_task(const NetnsHolder& holder) {
  std::string process = "/proc/" + std::to_string(holder.pid);
  return holder.tid == holder.pid ? process + "/ns/net" : process + "/task/" + std::to_string(holder.tid) + "/ns/net";
}

std::string path_of(const NetnsHolder& holder) {
  if (holder.kind == NetnsHolder::Kind::task) return ns_of_task(holder);
  return "/proc/" + std::to_string(holder.pid) + "/task/" + std::to_string(holder.tid) + "/fd/" +
         std::to_string(holder.fd);
}

// Cheap ones first: a task's link needs no look at any file system.
std::vector<std::string> ways_into(const NetnsSeen& seen) {
  std::vector<std::string> ways;
  for (const NetnsHolder& holder : seen.holders.named)
    if (holder.kind == NetnsHolder::Kind::task) ways.push_back(ns_of_task(holder));
  for (const NetnsMount& name : seen.names)
    if (!name.covered) ways.push_back(name.mount_point);
  for (const NetnsHolder& holder : seen.holders.named) {
    if (holder.kind != NetnsHolder::Kind::descriptor) continue;
    ways.push_back(path_of(holder));
  }
  for (const NetnsSeen::Copy& copy : seen.copies) {
    if (copy.example != 0 && !copy.mount.covered) {
      ways.push_back("/proc/" + std::to_string(copy.example) + "/root" + copy.mount.mount_point);
    }
  }
  return ways;
}

bool still_holds(const NetnsHolder& holder, ino_t inode) {
  struct statx now {};
  // What may be behind a descriptor by now is not to be waited for.
  constexpr int kFlags = AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
  if (syscalls::statx(AT_FDCWD, path_of(holder).c_str(), kFlags, STATX_INO, &now) == 0) {
    // A watch, a ring or a file of /proc holds it by what it is about.
    bool itself = holder.kind == NetnsHolder::Kind::task || holder.kind == NetnsHolder::Kind::descriptor;
    return !itself || now.stx_ino == inode;
  }
  return errno != ENOENT && errno != ESRCH;
}

// nullopt: cannot be read.
std::optional<std::vector<NetnsMount>> names_now(ino_t inode) {
  auto mounts = own_netns_mounts();
  if (!mounts) return std::nullopt;
  std::erase_if(*mounts, [&](const NetnsMount& mount) { return mount.inode != inode; });
  return *std::move(mounts);
}

}  // namespace

bool has_gone(const NetnsSeen& seen) {
  const auto& holders = seen.holders;
  if (seen.copies_seen > 0 || holders.tasks + holders.descriptors > holders.named.size()) return false;
  for (const NetnsHolder& holder : holders.named)
    if (still_holds(holder, seen.inode)) return false;
  auto now = names_now(seen.inode);
  return now && now->empty();
}

bool read_names_again(NetnsSeen& seen) {
  auto now = names_now(seen.inode);
  if (!now || *now == seen.names) return false;
  seen.names = *std::move(now);
  return true;
}

Result<NetnsCensus> take_netns_census(const std::function<void(std::size_t, std::size_t)>& progress,
                                      Deadline deadline) {
  NetnsCensus census;
  auto& all = census.namespaces;
  auto at = [&](ino_t inode) -> NetnsSeen& {
    NetnsSeen& seen = all[inode];
    seen.inode = inode;
    return seen;
  };
  TRY(auto own, own_netns_mounts());
  HolderQuery query;
  query.every = true;
  query.progress = progress;
  TRY(NetnsHolders holders, scan_netns_holders(query, deadline));
  for (auto& [inode, of] : holders.by_inode)
    at(inode).holders = std::move(of);
  for (NetnsMount& mount : own)
    at(mount.inode).names.push_back(std::move(mount));
  ForeignMounts foreign = foreign_netns_mounts(holders.mount_namespaces, deadline);
  for (auto& ns : foreign.namespaces) {
    for (NetnsMount& mount : ns.mounts) {
      NetnsSeen& seen = at(mount.inode);
      if (++seen.copies_seen <= kNamedHolders) seen.copies.push_back({std::move(mount), ns.example});
    }
  }
  census.tasks_seen = holders.tasks_seen;
  census.tasks_read = holders.tasks_read;
  census.descriptors = holders.descriptors;
  census.mount_namespaces_seen = foreign.seen;
  census.mount_namespaces_read = foreign.read;
  census.unreadable = std::move(holders.unreadable);
  census.unreadable.insert(census.unreadable.end(), foreign.unreadable.begin(), foreign.unreadable.end());
  return census;
}

Result<NetnsFd> open_seen_netns(const NetnsSeen& seen, Deadline deadline) {
  std::optional<Error> first;
  for (const std::string& way : ways_into(seen)) {
    TRY(NetnsPath path, NetnsPath::parse(way));
    auto netns = NetnsFd::open(path, deadline);
    if (netns && netns->id().inode == seen.inode) return netns;
    if (!netns && !first) first = std::move(netns).error();
  }
  if (first && first->word != "netns-missing" && first->word != "netns-dying") return *std::move(first);
  return Error{"get into network namespace",
               "'" + std::to_string(seen.inode) + "'",
               0,
               "no task, descriptor or mount leads there (any more)",
               "netns-no-way-in",
               {}};
}

std::string way_into(const NetnsSeen& seen) {
  auto ways = ways_into(seen);
  for (const NetnsMount& name : seen.names)
    if (!name.covered) return name.mount_point;
  return ways.empty() ? std::string() : ways.front();
}

}  // namespace isthmus
