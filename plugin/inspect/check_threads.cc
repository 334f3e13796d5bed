// Threads in another network or mount namespace than their process. A thread that was cloned while its maker was inside
// a container's namespace stays there for ever; a runtime with lightweight threads then runs anything on it.
#include <algorithm>
#include <map>

#include "plugin/inspect/doctor.h"
#include "plugin/inspect/namespaces.h"

namespace isthmus {
namespace {

using Place = ino_t TaskSeen::*;

// A daemon of the host is at home in the host's, however many of its threads are lost. Otherwise it is where most tasks
// are: the leader alone may be the one that is lost.
ino_t home_of(const std::vector<const TaskSeen*>& tasks, Place place, ino_t of_host) {
  std::map<ino_t, std::size_t> votes;
  for (const TaskSeen* task : tasks)
    if (task->*place != 0) ++votes[task->*place];
  if (votes.contains(of_host)) return of_host;
  ino_t home = 0;
  std::size_t most = 0;
  for (const TaskSeen* task : tasks) {
    // In the order of the tasks: the leader wins a tie.
    auto of = votes.find(task->*place);
    if (of != votes.end() && of->second > most) {
      home = of->first;
      most = of->second;
    }
  }
  return home;
}

std::map<pid_t, std::vector<const TaskSeen*>> by_process(const std::vector<TaskSeen>& sample) {
  std::map<pid_t, std::vector<const TaskSeen*>> processes;
  for (const TaskSeen& task : sample)
    processes[task.key.pid].push_back(&task);
  return processes;
}

// The same task in the same foreign place in every sample.
bool stays(const Samples& samples, const TaskSeen& task, Place place) {
  return std::all_of(samples.begin(), samples.end(), [&](const std::vector<TaskSeen>& sample) {
    return std::any_of(sample.begin(), sample.end(),
                       [&](const TaskSeen& other) { return other.key == task.key && other.*place == task.*place; });
  });
}

const NodeNetns* find_netns(const Node& node, ino_t inode) {
  for (const NodeNetns& netns : node.namespaces)
    if (netns.seen.inode == inode) return &netns;
  return nullptr;
}

std::string who(const TaskSeen& task, const std::string& process) {
  return "thread " + std::to_string(task.key.tid) + " of pid " + std::to_string(task.key.pid) + " (" + process + ")";
}

Finding lost_in_netns(const TaskSeen& task, const std::string& process, std::size_t of_process, const Node& node) {
  Finding finding{"threads", Severity::warning, who(task, process), {}, {}, {}};
  const NodeNetns* netns = find_netns(node, task.netns);
  std::string place = "net:[" + std::to_string(task.netns) + "]";
  if (netns != nullptr) {
    place = netns->label();
    if (std::string owner = owner_text(*netns); !owner.empty()) place += ", that of " + owner;
  }
  finding.what = finding.object + " is in network namespace " + place + ", its process is not";
  // Whatever else is in it keeps it alive too.
  bool alone =
      netns != nullptr && !netns->is_host && netns->seen.holders.tasks <= of_process && netns->seen.names.empty();
  finding.severity = alone ? Severity::critical : Severity::warning;
  finding.why = alone ? "it alone keeps that namespace and its addresses alive; what the process happens to run on it "
                        "reaches no network"
                      : "what the process happens to run on it goes through that container's network, and it will keep "
                        "the namespace alive when the container has gone";
  finding.cure = "restart pid " + std::to_string(task.key.pid) + ": nobody outside can move a thread back";
  return finding;
}

Finding lost_in_mount_ns(const TaskSeen& task, const std::string& process) {
  Finding finding{"threads", Severity::warning, who(task, process), {}, {}, {}};
  finding.what =
      finding.object + " is in mount namespace mnt:[" + std::to_string(task.mount_ns) + "], its process is not";
  finding.why = "it sees other files under the same paths, and its copies of mounts keep what others unmount";
  finding.cure = "restart pid " + std::to_string(task.key.pid) + ", unless that is how the program is meant to work";
  return finding;
}

}  // namespace

void check_threads(const Samples& samples, const Node& node, const HostNamespaces& hosts, Findings& findings) {
  if (samples.empty()) return;
  for (const auto& [pid, tasks] : by_process(samples.front())) {
    if (tasks.size() < 2) continue;
    auto leader =
        std::find_if(tasks.begin(), tasks.end(), [pid = pid](const TaskSeen* task) { return task->key.tid == pid; });
    const std::string process = leader == tasks.end() ? tasks.front()->command : (*leader)->command;
    const ino_t home = home_of(tasks, &TaskSeen::netns, hosts.netns);
    const ino_t mount_home = home_of(tasks, &TaskSeen::mount_ns, hosts.mount_ns);
    for (const TaskSeen* task : tasks) {
      if (task->netns != 0 && task->netns != home && stays(samples, *task, &TaskSeen::netns)) {
        auto in_it =
            std::count_if(tasks.begin(), tasks.end(), [&](const TaskSeen* one) { return one->netns == task->netns; });
        Finding finding = lost_in_netns(*task, process, static_cast<std::size_t>(in_it), node);
        if (task->key.tid == pid) {
          finding.what += "; it is the leader, so /proc/" + std::to_string(pid) + "/ns/net misleads every other tool";
        }
        findings.push_back(std::move(finding));
      } else if (task->mount_ns != 0 && task->mount_ns != mount_home && stays(samples, *task, &TaskSeen::mount_ns)) {
        findings.push_back(lost_in_mount_ns(*task, process));
      }
    }
  }
}

}  // namespace isthmus
