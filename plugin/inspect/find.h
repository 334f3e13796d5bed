// `isthmus find WHAT` and WHERE of `isthmus exec`: one resolver for everything a person may have in hand.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/inspect/node.h"

namespace isthmus {

struct Match {
  std::string because;               // "10.2.1.15/24 is an address of eth0"
  const NodeNetns* netns = nullptr;  // in the node that was asked; null: the record's namespace is not there
  const Record* record = nullptr;    // only for a match without a namespace
};

struct TaskOfContainer {
  long pid = 0;
  std::string container_id;
  ino_t netns = 0;
};

// What find_in_node() asks the processes of the node.
struct ProcessLookup {
  // The namespace a task is in, 0 for none.
  std::function<ino_t(long pid)> netns_of_pid;
  // A task in each network namespace that has tasks of a container whose id begins like this, by their cgroups.
  std::function<std::vector<TaskOfContainer>(std::string_view beginning)> tasks_of_container;
};
// By /proc. What cannot be read is left out.
ProcessLookup process_lookup();

// `what`: an address, a MAC, the name or index of a link, a pid or thread id, an inode, a container id (4 digits of it
// at least), "ns/name" or the name of a pod, a name of `ip netns`, a path. "pid:17" and so on (ip, mac, if, ifindex,
// pid, inode, container, pod, name, path) look at one kind only. A link of the host also finds the namespace its other
// end is in, and every container of a pod finds that of the pod.
std::vector<Match> find_in_node(const Node& node, std::string_view what, const ProcessLookup& processes);

// The paragraph for people, one for each match.
std::string find_text(const std::string& what, const std::vector<Match>& matches);
std::string find_json(const Node& node, const std::string& what, const std::vector<Match>& matches);

}  // namespace isthmus
