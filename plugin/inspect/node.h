// One look at a node, for everything that only shows: all network namespaces, what is in them, where their links end on
// the host, and whose they are by our records, the library's cache and the cgroups of their tasks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/link.h"
#include "netns/deadline.h"
#include "netns/netns_census.h"
#include "netns/result.h"
#include "plugin/attachment/record.h"
#include "plugin/inspect/cni_cache.h"

namespace isthmus {

struct LinkWithAddresses {
  LinkInfo link;
  std::vector<Prefix> addresses;
};

// The host's end of a link in a container.
struct HostEnd {
  std::string inside;  // name of the container's end
  int ifindex = 0;
  std::string name;
  std::string bridge;  // empty: not a port of one
};

struct NodeNetns {
  NetnsSeen seen;
  bool is_host = false;
  bool entered = false;  // cookie, sockets and links are known
  std::uint64_t cookie = 0;
  long sockets = -1;  // of user space, also those without a descriptor
  std::vector<LinkWithAddresses> links;
  std::vector<HostEnd> host_ends;
  std::optional<int> nsid;   // what the host's namespace calls it
  std::string container_id;  // empty: nobody says
  std::string pod;           // "ns/name"
  std::string runtime;       // whose names look like this; empty: nobody's
  std::vector<Record> records;
  std::string problem;  // why it could not be entered
  // "web" of /run/netns/web; without a name in our mount namespace "net:[4026532177]".
  std::string label() const;
  // The name under /run/netns, as `ip netns` knows it; empty: none.
  std::string ip_netns_name() const;
};

struct Node {
  std::vector<NodeNetns> namespaces;     // the host's first, then by label
  std::vector<LinkWithAddresses> host;   // links of the host's namespace
  std::vector<Record> records;           // all, also those whose namespace is not there
  std::vector<std::string> bad_records;  // texts of errors
  std::size_t tasks_seen = 0;
  std::size_t tasks_read = 0;
  std::size_t descriptors = 0;
  std::size_t mount_namespaces_seen = 0;
  std::size_t mount_namespaces_read = 0;
  std::vector<std::string> holes;  // what could not be seen, worded for people
};

struct NodeQuestion {
  std::string state_dir;
  // Called while it looks: what it does, how far it is, and how far it has to go.
  std::function<void(const char*, std::size_t, std::size_t)> progress = [](const char*, std::size_t, std::size_t) {};
};

// Changes nothing. One short thread for each namespace but the host's. A namespace that cannot be entered says so in
// `problem`. Fails when /proc, our own mounts or the host's links cannot be read.
Result<Node> look_at_node(const NodeQuestion& question, Deadline deadline);

// How many sockets of user space the calling thread's network namespace has, those without a descriptor included; -1:
// the kernel does not say.
long count_sockets_here();

// Our records alone: the host's links and the mounts are looked at, no task is.
struct RecordsOfNode {
  std::vector<Record> records;
  std::vector<std::string> bad;
};
Result<RecordsOfNode> read_all_records(const std::string& state_dir);

// The host's links with their addresses. Fails like list_links().
Result<std::vector<LinkWithAddresses>> read_links_here(Deadline deadline);

// How much of a container id people are shown.
inline constexpr std::size_t kShortId = 12;

// The 64 hexadecimal digits by which containerd, CRI-O, podman and Docker call a container, in the first line of
// /proc/PID/cgroup that has any; of a container in a container its own. Empty when there are none.
std::string container_of_cgroup(std::string_view text);

// Sums up holes that have the same cause: "12 tasks: Permission denied".
std::vector<std::string> sum_up_holes(const std::vector<std::string>& unreadable);

}  // namespace isthmus
