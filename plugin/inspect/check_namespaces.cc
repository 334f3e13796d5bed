// Network namespaces that nobody works in, and what keeps them: names, mounts elsewhere, descriptors, sockets.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "netns/file.h"
#include "plugin/inspect/doctor.h"
#include "plugin/inspect/namespaces.h"
#include "plugin/reap/managed.h"

namespace isthmus {
namespace {

constexpr std::size_t kShown = 3;

std::string with_addresses(const NodeNetns& netns) {
  std::string text = "network namespace " + netns.label();
  if (std::string addresses = addresses_text(netns, false); !addresses.empty()) text += " (" + addresses + ")";
  return text;
}

std::string copy_text(const NetnsSeen::Copy& copy) {
  if (copy.example == 0) return "a mount namespace without tasks";
  auto command = read_small_file(FdRef::borrow(AT_FDCWD), "/proc/" + std::to_string(copy.example) + "/comm", 64);
  std::string name = command ? " (" + command->substr(0, command->find('\n')) + ")" : std::string();
  return "the mount namespace of pid " + std::to_string(copy.example) + name;
}

std::string container_of(pid_t pid) {
  auto text = read_small_file(FdRef::borrow(AT_FDCWD), "/proc/" + std::to_string(pid) + "/cgroup", 1 << 20);
  return text ? container_of_cgroup(*text) : std::string();
}

Finding without_tasks(const NodeNetns& netns) {
  Finding finding{"namespaces", Severity::warning, netns.label(), {}, {}, {}};
  finding.what = with_addresses(netns) + " has no task; it is held by " + held_by(netns);
  const auto& holders = netns.seen.holders;
  if (holders.descriptors > 0 && !holders.named.empty()) {
    finding.why = "it lives on with its addresses, routes and links until the descriptor is closed";
    finding.cure = "restart pid " + std::to_string(holders.named.front().pid) +
                   " if it does not hold it on purpose, as container daemons do";
  } else if (netns.sockets > 0) {
    finding.why =
        "a socket alone keeps it: one that another process has open, or a TCP connection that is still closing";
    finding.cure =
        "wait two minutes; then look with 'isthmus exec " + std::to_string(netns.seen.inode) + " -- ss -anp'";
  } else {
    // What `ip netns add` makes and what a pod in back-off looks like; whether it leaked is for the reaper to prove.
    finding.severity = Severity::note;
    finding.why = "a pod without a process looks like this for a while, a leaked name for ever";
    finding.cure = "isthmus gc --dry-run --foreign says whether it has leaked, and why";
  }
  return finding;
}

std::string list_of(const std::vector<const NodeNetns*>& kept) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kept.size(), kShown); ++i) {
    text += (i == 0 ? "" : ", ") + kept[i]->seen.copies.front().mount.mount_point;
    if (std::string addresses = addresses_text(*kept[i], false); !addresses.empty()) text += " (" + addresses + ")";
  }
  if (kept.size() > kShown) text += " and " + std::to_string(kept.size() - kShown) + " more";
  return text;
}

// The files here that the copies are mounted on, where names belong: elsewhere a look might wait.
std::string files_below(const std::vector<const NodeNetns*>& kept) {
  const ManagedDirectories directories({});
  std::string files;
  std::size_t shown = 0;
  for (const NodeNetns* netns : kept) {
    const NetnsMount& copy = netns->seen.copies.front().mount;
    const std::string path = copy.place ? "/run" + copy.place->path : std::string();
    struct stat file {};
    if (!directories.holds(path) || lstat(path.c_str(), &file) != 0 || !S_ISREG(file.st_mode)) continue;
    if (file.st_dev != copy.place->device || ++shown > kShown) continue;
    files += " " + path;
  }
  return files;
}

// Copies of names of ours, which the host has unmounted.
Finding kept_copies(const std::vector<const NodeNetns*>& kept) {
  const NetnsSeen::Copy& copy = kept.front()->seen.copies.front();
  Finding finding{"copies", Severity::critical, copy_text(copy), {}, {}, {}};
  finding.what = finding.object + " keeps " + plural(kept.size(), "network namespace") +
                 " without a task and without a name here: " + list_of(kept);
  finding.why = "their addresses still answer, and whoever gets one of them next shares it";
  finding.cure = "isthmus gc --foreign";
  if (std::string files = files_below(kept); !files.empty())
    finding.cure += " ; of what it cannot prove dead, the kernel detaches every copy with: rm" + files;
  const std::string container = copy.example == 0 ? std::string() : container_of(copy.example);
  if (!container.empty()) {
    finding.what += "; it is that of container " + container.substr(0, kShortId);
    finding.cure +=
        " ; and give the volume mount of that container 'mountPropagation: HostToContainer' "
        "(docker: bind-propagation=rslave), so that it does not happen again";
  }
  return finding;
}

// Made there, on a file system of its own: a node in a container, as a rule.
Finding names_of_another_host(const std::vector<const NodeNetns*>& kept) {
  Finding finding{"copies", Severity::note, copy_text(kept.front()->seen.copies.front()), {}, {}, {}};
  finding.what = finding.object + " has " + plural(kept.size(), "network namespace") +
                 " without a task under names of its own: " + list_of(kept);
  finding.why = "they are that host's own business, if it is one in a container; nobody else can see them";
  finding.cure = "isthmus doctor --here, run in that mount namespace";
  return finding;
}

}  // namespace

void check_namespaces(const Node& node, Findings& findings) {
  for (const NodeNetns& netns : node.namespaces) {
    // Mounts in other mount namespaces are looked at by check_copies().
    bool only_copies = netns.seen.names.empty() && netns.seen.copies_seen > 0 && netns.seen.holders.descriptors == 0;
    if (netns.is_host || netns.seen.holders.tasks > 0 || only_copies) continue;
    findings.push_back(without_tasks(netns));
  }
}

void check_copies(const Node& node, dev_t our_names, Findings& findings) {
  // A hundred copies that one process keeps are one finding.
  std::map<std::pair<bool, pid_t>, std::vector<const NodeNetns*>> by_keeper;
  for (const NodeNetns& netns : node.namespaces) {
    const NetnsSeen& seen = netns.seen;
    if (netns.is_host || seen.holders.tasks > 0 || !seen.names.empty() || seen.copies.empty()) continue;
    const NetnsSeen::Copy& copy = seen.copies.front();
    by_keeper[{copy.mount.place && copy.mount.place->device == our_names, copy.example}].push_back(&netns);
  }
  for (const auto& [keeper, kept] : by_keeper)
    findings.push_back(keeper.first ? kept_copies(kept) : names_of_another_host(kept));
}

void check_veths(const Node& node, Findings& findings) {
  auto has_record = [&](const LinkInfo& link) {
    return std::any_of(node.records.begin(), node.records.end(), [&](const Record& record) {
      return record.host_ifname == link.name || link.alias == record.key.alias(record.pod);
    });
  };
  auto is_known = [&](int nsid) {
    return std::any_of(node.namespaces.begin(), node.namespaces.end(),
                       [&](const NodeNetns& netns) { return netns.nsid == nsid; });
  };
  for (const LinkWithAddresses& one : node.host) {
    if (one.link.kind != "veth") continue;
    if (one.link.alias.starts_with("isthmus ") && !has_record(one.link)) {
      findings.push_back({"veths", Severity::warning, one.link.name,
                          one.link.name + " was made for " + one.link.alias.substr(8) + ", of which there is no record",
                          "no DEL will remove it: its route and its container's address stay in use",
                          "ip link delete " + one.link.name});
    }
    if (one.link.peer_nsid && !is_known(*one.link.peer_nsid)) {
      findings.push_back({"veths", Severity::warning, one.link.name,
                          one.link.name +
                              " ends in a network namespace that no task, descriptor or mount leads to (link-netnsid " +
                              std::to_string(*one.link.peer_nsid) + ")",
                          "a socket, or what cannot be seen from here, keeps that namespace and its addresses",
                          "ip link delete " + one.link.name + " silences it, if its container is gone"});
    }
  }
}

}  // namespace isthmus
