#include "plugin/inspect/doctor.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <random>
#include <thread>

namespace isthmus {
namespace {

// A thread that is away for half of its time is seen away in five samples in a row once in two hundred times.
constexpr int kSamples = 5;
constexpr int kShortestPause = 120;  // ms
constexpr int kLongestPause = 330;
// Longer than the kernel counts a closed socket, and than a CNI plugin works on a pod.
constexpr std::chrono::milliseconds kBetweenLooks(1000);

bool waits_for_ever(const TaskSeen& task) {
  if (task.of_kernel) return false;
  return task.state == 'D' || task.exiting || waits_for_fuse(task) || waits_for_nfs(task);
}

// Processes with a task that stands or waits otherwise than most: only those are looked at again.
std::vector<TaskSeen> worth_a_second_look(const std::vector<TaskSeen>& all) {
  std::vector<TaskSeen> chosen;
  for (auto begin = all.begin(); begin != all.end();) {
    auto end = std::find_if(begin, all.end(), [&](const TaskSeen& task) { return task.key.pid != begin->key.pid; });
    bool odd = std::any_of(begin, end, [&](const TaskSeen& task) {
      bool away =
          task.netns != 0 && begin->netns != 0 && (task.netns != begin->netns || task.mount_ns != begin->mount_ns);
      return away || (waits_for_ever(task) && task.state != 'Z');
    });
    if (odd) chosen.insert(chosen.end(), begin, end);
    begin = end;
  }
  return chosen;
}

Samples take_samples(const NodeQuestion& question, Diagnosis& diagnosis, Deadline deadline) {
  auto first_look = sample_all_tasks(deadline);
  if (!first_look) {
    // The other checks say what they can.
    diagnosis.holes.push_back(first_look.error().text());
    return {};
  }
  TaskSample first = *std::move(first_look);
  diagnosis.tasks_seen = first.tasks.size();
  if (first.closed > 0) {
    diagnosis.holes.push_back("the namespaces of " + std::to_string(first.closed) +
                              " tasks cannot be read: needs CAP_SYS_PTRACE");
  }
  Samples samples = {worth_a_second_look(first.tasks)};
  // At even intervals a thread with a beat of its own would be met at the same moment each time.
  std::minstd_rand random(static_cast<unsigned>(getpid()) + static_cast<unsigned>(time(nullptr)));
  std::uniform_int_distribution<int> pause(kShortestPause, kLongestPause);
  while (!samples.front().empty() && samples.size() < kSamples) {
    if (!deadline.leaves(std::chrono::milliseconds(kLongestPause))) {
      diagnosis.holes.emplace_back("tasks: there was no time for a second look");
      break;
    }
    question.progress("odd tasks again", samples.size(), kSamples);
    usleep(static_cast<useconds_t>(pause(random)) * 1000);
    std::vector<TaskSeen> again;
    for (const TaskSeen& task : samples.front()) {
      auto now = sample_task(task.key.pid, task.key.tid);
      if (now && now->key == task.key) again.push_back(*std::move(now));
    }
    samples.push_back(std::move(again));
  }
  if (samples.size() < kSamples) samples.clear();
  return samples;
}

HostNamespaces own_namespaces() {
  struct stat netns {};
  struct stat mounts {};
  HostNamespaces own;
  if (stat("/proc/self/ns/net", &netns) == 0) own.netns = netns.st_ino;
  if (stat("/proc/self/ns/mnt", &mounts) == 0) own.mount_ns = mounts.st_ino;
  return own;
}

// A namespace nobody looked into is no healthy one.
void note_closed_namespaces(const Node& node, std::vector<std::string>& holes) {
  std::size_t closed = 0;
  std::string first;
  for (const NodeNetns& netns : node.namespaces) {
    if (netns.problem.empty()) continue;
    if (++closed == 1) first = "inside of network namespace " + netns.label() + ": " + netns.problem;
  }
  if (closed > 1) first += " (and of " + std::to_string(closed - 1) + " more)";
  if (closed > 0) holes.push_back(std::move(first));
}

dev_t device_of(const char* path) {
  struct stat found {};
  return stat(path, &found) == 0 ? found.st_dev : 0;
}

using Wanted = std::function<bool(std::string_view)>;

// What one look at the node says.
Findings check_node(const Node& node, const Wanted& wanted, Deadline deadline, std::vector<std::string>& holes) {
  Findings findings;
  if (wanted("namespaces")) check_namespaces(node, findings);
  if (wanted("names")) check_names(node, findings, holes);
  if (wanted("copies")) check_copies(node, device_of("/run"), findings);
  if (wanted("veths")) check_veths(node, findings);
  if (wanted("rules")) check_rules(node, deadline, findings, holes);
  return findings;
}

bool is_alarm(const Finding& finding) { return finding.severity >= Severity::warning; }

// Said of the same thing; of a namespace, that the same thing keeps it.
bool is_same(const Finding& a, const Finding& b) {
  return a.check == b.check && a.object == b.object && (a.check != "namespaces" || a.cure == b.cure);
}

bool is_closed(const NodeNetns& netns) { return !netns.problem.empty(); }

bool was_closed(const Node& before, ino_t inode) {
  return std::any_of(before.namespaces.begin(), before.namespaces.end(),
                     [&](const NodeNetns& netns) { return netns.seen.inode == inode && is_closed(netns); });
}

struct Look {
  Node node;
  Findings findings;
};

// Pods that come and go look like leaks for a moment: a namespace that only its CNI plugin has open, a veth whose other
// end has gone since. An alarm is what a second look finds, too, and so is what cannot be seen.
void confirm(Look& look,
             const DoctorQuestion& question,
             const Wanted& wanted,
             Deadline::Clock::time_point looked,
             Deadline deadline,
             std::vector<std::string>& holes) {
  const auto& namespaces = look.node.namespaces;
  bool nothing = look.node.holes.empty() && std::none_of(look.findings.begin(), look.findings.end(), is_alarm) &&
                 std::none_of(namespaces.begin(), namespaces.end(), is_closed);
  if (nothing) return;
  if (!deadline.leaves(2 * kBetweenLooks)) {
    holes.emplace_back("findings: there was no time for a second look");
    return;
  }
  std::this_thread::sleep_until(looked + kBetweenLooks);
  auto node = look_at_node(question.node, deadline);
  if (!node) return;
  std::vector<std::string> known_holes;
  Findings again = check_node(*node, wanted, deadline, known_holes);
  std::erase_if(again, [&](const Finding& now) {
    return is_alarm(now) && std::none_of(look.findings.begin(), look.findings.end(), [&](const Finding& before) {
             return is_alarm(before) && is_same(before, now);
           });
  });
  for (NodeNetns& netns : node->namespaces)
    if (is_closed(netns) && !was_closed(look.node, netns.seen.inode)) netns.problem.clear();
  look = {*std::move(node), std::move(again)};
}

}  // namespace

std::string_view to_text(Severity severity) {
  return severity == Severity::critical ? "critical" : severity == Severity::warning ? "warning" : "note";
}

std::size_t Diagnosis::count(Severity least) const {
  return static_cast<std::size_t>(std::count_if(findings.begin(), findings.end(),
                                                [&](const Finding& finding) { return finding.severity >= least; }));
}

Result<Diagnosis> diagnose(const DoctorQuestion& question, Deadline deadline) {
  const auto start = Deadline::Clock::now();
  Diagnosis diagnosis;
  const Wanted wanted = [&](std::string_view check) { return question.only.empty() || question.only.contains(check); };
  auto& findings = diagnosis.findings;
  TRY(Node node, look_at_node(question.node, deadline));
  const auto looked = Deadline::Clock::now();
  diagnosis.tasks_seen = node.tasks_seen;
  diagnosis.namespaces_seen = node.namespaces.size();
  if (wanted("threads") || wanted("stuck")) {
    Samples samples = take_samples(question.node, diagnosis, deadline);
    if (wanted("threads")) check_threads(samples, node, own_namespaces(), findings);
    if (wanted("stuck")) check_stuck(samples, findings);
  }
  Look look{std::move(node), {}};
  look.findings = check_node(look.node, wanted, deadline, diagnosis.holes);
  confirm(look, question, wanted, looked, deadline, diagnosis.holes);
  for (const auto* unseen : {&look.node.holes, &look.node.bad_records})
    diagnosis.holes.insert(diagnosis.holes.end(), unseen->begin(), unseen->end());
  note_closed_namespaces(look.node, diagnosis.holes);
  findings.insert(findings.end(), look.findings.begin(), look.findings.end());
  if (wanted("cni")) check_cni(question, findings, diagnosis.holes);
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
  diagnosis.took = std::chrono::duration_cast<std::chrono::milliseconds>(Deadline::Clock::now() - start);
  return diagnosis;
}

}  // namespace isthmus
