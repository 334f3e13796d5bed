#include "plugin/inspect/node.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "netlink/address.h"
#include "netlink/nsid.h"
#include "netns/file.h"
#include "netns/namespace_thread.h"
#include "netns/netns_probe.h"
#include "plugin/attachment/store.h"
#include "plugin/reap/managed.h"

namespace isthmus {
namespace {

constexpr int kEveryLink = 0;
constexpr std::size_t kProcFile = std::size_t{1} << 20;
constexpr std::chrono::seconds kTimeInside(2);

struct Inside {
  RouteSocket<ContainerSide> routes;
  long sockets = -1;
};

// Of user space, those without a descriptor included; -1: the kernel does not say.
long count_sockets_here() {
  auto text = read_small_file(FdRef::borrow(AT_FDCWD), "/proc/thread-self/net/sockstat", kProcFile);
  return text ? sockets_of_sockstat(*text) : -1;
}

Result<std::vector<LinkWithAddresses>> links_with_addresses(RouteConversation& socket) {
  TRY(auto links, list_links(socket));
  TRY(auto addresses, list_addresses(socket, kEveryLink));
  std::vector<LinkWithAddresses> all;
  std::map<int, std::size_t> by_index;
  for (LinkInfo& link : links) {
    by_index[link.ifindex] = all.size();
    all.push_back({std::move(link), {}});
  }
  for (const AddressInfo& address : addresses) {
    auto link = by_index.find(address.ifindex);
    if (link != by_index.end()) all[link->second].addresses.push_back(address.prefix);
  }
  return all;
}

Status look_into(NodeNetns& netns, const NetnsFd& fd, Deadline deadline) {
  TRY(Inside inside, run_in<ContainerSide>(fd, [&](const InNamespace<ContainerSide>& here) -> Result<Inside> {
        const long sockets = count_sockets_here();
        TRY(auto routes, RouteSocket<ContainerSide>::open(here));
        return Inside{std::move(routes), sockets};
      }));
  inside.routes.set_deadline(deadline);
  netns.cookie = inside.routes.netns_cookie();
  netns.sockets = inside.sockets;
  TRY(netns.links, links_with_addresses(inside.routes));
  netns.entered = true;
  return done;
}

// Cgroups of the first tasks that hold it.
std::string container_of_tasks(const NetnsSeen& seen) {
  for (const NetnsHolder& holder : seen.holders.named) {
    if (holder.kind != NetnsHolder::Kind::task) continue;
    auto text = read_small_file(FdRef::borrow(AT_FDCWD), "/proc/" + std::to_string(holder.pid) + "/cgroup", kProcFile);
    if (!text) continue;
    if (auto id = container_of_cgroup(*text); !id.empty()) return id;
  }
  return {};
}

class Looker {
 public:
  Looker(const NodeQuestion& question, Deadline deadline) : question_(question), deadline_(deadline) {}

  Result<Node> look() {
    TRY(NetnsId own, own_netns_id());
    auto on_tasks = [this](std::size_t at, std::size_t of) { question_.progress("processes", at, of); };
    TRY(NetnsCensus census, take_netns_census(on_tasks, deadline_));
    TRY(auto host, run_at_home([](const auto& here) { return RouteSocket<HostSide>::open(here); }));
    host.set_deadline(deadline_);
    TRY(node_.host, links_with_addresses(host));
    read_owners();
    census.namespaces[own.inode].inode = own.inode;
    for (auto& [inode, seen] : census.namespaces) {
      question_.progress("namespaces", node_.namespaces.size(), census.namespaces.size());
      NodeNetns netns = look_at(seen, inode == own.inode, host);
      // On a busy node some begin and some end while it is looked at.
      if (!netns.problem.empty() && read_names_again(seen)) netns = look_at(seen, false, host);
      if (!netns.problem.empty() && has_gone(netns.seen)) continue;
      node_.namespaces.push_back(std::move(netns));
    }
    std::stable_sort(node_.namespaces.begin(), node_.namespaces.end(), [](const NodeNetns& a, const NodeNetns& b) {
      return a.is_host != b.is_host ? a.is_host : a.label() < b.label();
    });
    node_.tasks_seen = census.tasks_seen;
    node_.tasks_read = census.tasks_read;
    node_.descriptors = census.descriptors;
    node_.mount_namespaces_seen = census.mount_namespaces_seen;
    node_.mount_namespaces_read = census.mount_namespaces_read;
    auto holes = sum_up_holes(census.unreadable);
    node_.holes.insert(node_.holes.begin(), holes.begin(), holes.end());
    return std::move(node_);
  }

 private:
  void read_owners() {
    auto records = read_all_records(question_.state_dir);
    if (records) {
      node_.records = std::move(records->records);
      node_.bad_records = std::move(records->bad);
    } else {
      node_.holes.push_back(records.error().text());
    }
    for (CachedAttachment& cached : read_cni_cache())
      cache_.emplace(canonical_run_path(cached.netns), std::move(cached));
    for (const LinkWithAddresses& one : node_.host)
      host_by_index_.emplace(one.link.ifindex, &one.link);
  }

  NodeNetns look_at(const NetnsSeen& seen, bool is_host, RouteConversation& host) {
    NodeNetns netns;
    netns.seen = seen;
    netns.is_host = is_host;
    fill(netns, host);
    return netns;
  }

  void fill(NodeNetns& netns, RouteConversation& host) {
    if (netns.is_host) {
      netns.links = node_.host;
      netns.cookie = host.netns_cookie();
      netns.sockets = count_sockets_here();
      netns.entered = true;
    } else {
      netns.problem = enter(netns, host);
      netns.container_id = container_of_tasks(netns.seen);
    }
    attribute(netns);
  }

  // What went wrong, or nothing.
  std::string enter(NodeNetns& netns, RouteConversation& host) {
    if (deadline_.passed()) return "the time was up";
    const Deadline soon = deadline_.at_most(kTimeInside);
    auto fd = open_seen_netns(netns.seen, soon);
    if (!fd) return fd.error().text();
    if (auto nsid = nsid_of_netns(host, fd->ref())) netns.nsid = *nsid;
    auto looked = look_into(netns, *fd, soon);
    if (!looked) return looked.error().text();
    find_host_ends(netns);
    return {};
  }

  // By the kernel's own number for the namespace: an index alone is the same in every container.
  void find_host_ends(NodeNetns& netns) {
    for (const LinkWithAddresses& one : netns.links) {
      if (!one.link.peer_ifindex) continue;
      auto peer = host_by_index_.find(*one.link.peer_ifindex);
      if (peer == host_by_index_.end() || !netns.nsid || peer->second->peer_nsid != netns.nsid) continue;
      if (peer->second->peer_ifindex != one.link.ifindex) continue;
      HostEnd end{one.link.name, peer->second->ifindex, peer->second->name, {}};
      if (auto master = peer->second->master_ifindex) {
        auto bridge = host_by_index_.find(*master);
        if (bridge != host_by_index_.end()) end.bridge = bridge->second->name;
      }
      netns.host_ends.push_back(std::move(end));
    }
  }

  void attribute(NodeNetns& netns) {
    for (const Record& record : node_.records) {
      if (record.netns_id.inode != netns.seen.inode) continue;
      if (record.netns_cookie != 0 && netns.cookie != 0 && record.netns_cookie != netns.cookie) continue;
      netns.records.push_back(record);
      // The runtime's name for the pod's sandbox, which says more than that of one container in it.
      netns.container_id = record.key.container_id.text();
      if (!record.pod.empty()) netns.pod = record.pod;
    }
    auto by_name = [&](const std::string& path) {
      if (netns.runtime.empty()) netns.runtime = runtime_of_name(path);
      auto cached = cache_.find(canonical_run_path(path));
      if (cached == cache_.end()) return;
      if (netns.container_id.empty() || netns.records.empty()) netns.container_id = cached->second.container_id;
      if (netns.pod.empty()) netns.pod = cached->second.pod;
    };
    for (const NetnsMount& name : netns.seen.names)
      by_name(name.mount_point);
    for (const auto& copy : netns.seen.copies)
      by_name(copy.mount.mount_point);
  }

  const NodeQuestion& question_;
  Deadline deadline_;
  Node node_;
  std::multimap<std::string, CachedAttachment> cache_;  // by path of the namespace
  std::map<int, const LinkInfo*> host_by_index_;
};

}  // namespace

Result<Node> look_at_node(const NodeQuestion& question, Deadline deadline) { return Looker(question, deadline).look(); }

Result<std::vector<LinkWithAddresses>> read_links_here(Deadline deadline) {
  TRY(auto host, run_at_home([](const auto& here) { return RouteSocket<HostSide>::open(here); }));
  host.set_deadline(deadline);
  return links_with_addresses(host);
}

Result<RecordsOfNode> read_all_records(const std::string& state_dir) {
  RecordsOfNode all;
  TRY(auto store, StateStore::open_existing(state_dir));
  if (!store) return all;
  TRY(auto networks, store->networks());
  for (const std::string& network : networks) {
    auto name = NetworkName::parse(network);
    if (!name) continue;
    TRY(auto listed, store->list(*name));
    for (auto& one : listed) {
      if (one.record) {
        all.records.push_back(*std::move(one.record));
      } else {
        all.bad.push_back(one.record.error().text());
      }
    }
  }
  return all;
}

}  // namespace isthmus
