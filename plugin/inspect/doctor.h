// `isthmus doctor`: what is wrong with this node's network namespaces, why that hurts, and the command that cures it.
// Looks only: nothing is changed, no name is opened but for the moment of a look inside.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "netns/deadline.h"
#include "netns/result.h"
#include "netns/task_sample.h"
#include "plugin/inspect/node.h"

namespace isthmus {

enum class Severity {
  note,      // worth knowing; no reason for an alarm, and none for exit status 1
  warning,   // will hurt
  critical,  // hurts now
};
std::string_view to_text(Severity severity);

struct Finding {
  std::string_view check;  // one of kChecks
  Severity severity = Severity::warning;
  std::string object;  // what it is about, in one piece, for programs: "thread 17 of pid 12"
  std::string what;    // one sentence
  std::string why;     // what it does to the node
  std::string cure;    // a command, or what to do
};

// Names for --only, in the order of the report.
inline constexpr std::string_view kChecks[] = {"threads", "stuck", "namespaces", "names",
                                               "copies",  "veths", "rules",      "cni"};

struct DoctorQuestion {
  NodeQuestion node;
  std::set<std::string, std::less<>> only;  // empty: all checks
  std::string cni_conf_dir = "/etc/cni/net.d";
  std::vector<std::string> cni_bin_dirs = {"/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"};
};

struct Diagnosis {
  std::vector<Finding> findings;
  std::vector<std::string> holes;  // what could not be seen or asked
  std::size_t tasks_seen = 0;
  std::size_t namespaces_seen = 0;
  std::chrono::milliseconds took{0};
  // Of at least that severity.
  std::size_t count(Severity least) const;
};

// Takes a second or two when there is something to look at again. Fails like look_at_node().
Result<Diagnosis> diagnose(const DoctorQuestion& question, Deadline deadline);

// The checks. Each appends what it finds.
using Findings = std::vector<Finding>;
using Samples = std::vector<std::vector<TaskSeen>>;  // the same tasks, some time apart; those that have ended are gone
// Tasks that are not where their process is, in every sample.
struct HostNamespaces {
  ino_t netns = 0;
  ino_t mount_ns = 0;
};
void check_threads(const Samples& samples, const Node& node, const HostNamespaces& hosts, Findings& findings);
void check_stuck(const Samples& samples, Findings& findings);
void check_namespaces(const Node& node, Findings& findings);
void check_names(const Node& node, Findings& findings, std::vector<std::string>& holes);
// `our_names`: the device our own directories of names are on.
void check_copies(const Node& node, dev_t our_names, Findings& findings);
void check_veths(const Node& node, Findings& findings);
void check_rules(const Node& node, Deadline deadline, Findings& findings, std::vector<std::string>& holes);
void check_cni(const DoctorQuestion& question, Findings& findings, std::vector<std::string>& holes);

std::string diagnosis_text(const Diagnosis& diagnosis, bool colour);
std::string diagnosis_json(const Diagnosis& diagnosis);
// Prometheus' text format.
std::string diagnosis_textfile(const Diagnosis& diagnosis);

}  // namespace isthmus
