// Is it leaked? A pure function of the evidence: no look at the kernel, no clock. In code, collecting leaked names is
// always called reaping; GC is the verb of the CNI specification.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace isthmus {

enum class ReapVerdict {
  live,     // something uses it
  pinned,   // nothing uses it, and somebody means to keep it, or it is not ours to judge
  ageing,   // all else says leaked, and it has not been so for long enough
  unknown,  // something could not be seen
  leaked,   // proved: nobody uses it and its owner says it is gone
};
std::string_view to_text(ReapVerdict verdict);

// What the owner of a name says about the container it was made for.
enum class OwnerSays {
  gone,     // every runtime of this host was asked, and none knows the container
  alive,    // one of them knows it
  unasked,  // there was nobody to ask, or no answer
};

// All that was found out about one candidate. The defaults are those of a name about which nothing is known.
struct ReapEvidence {
  // What could not be seen (C1): "pid 1: Permission denied". Any of these, and absence proves nothing.
  std::vector<std::string> holes;
  bool identity_changed = false;  // another mount or namespace was there at a second look
  bool covered = false;           // L6: something is mounted over it
  bool stacked = false;           // L6: another mount is on the same name
  bool age_contradicts = false;   // A2: first seen before it was made

  std::size_t tasks = 0;             // L1
  std::size_t descriptors = 0;       // L2
  long sockets = 0;                  // L3, not 0 in two readings
  std::vector<std::string> taps;     // L4: a virtual machine sits on them
  bool forwards_packets = false;     // L4: forwarding is on and packets were sent between two looks
  std::vector<std::string> holders;  // of L1 and L2, by name: for the reason
  bool in_use = false;               // an ADD or DEL is at work on it, or its namespace lives under no name
  std::string in_use_by;

  bool is_host = false;                   // the host's own namespace
  bool other_user_namespace = false;      // a rootless container's
  std::vector<std::string> claims;        // O3: "/var/lib/cni/results/... names it"
  std::vector<std::string> other_places;  // L5: mounts of it that do not go with the name
  bool managed = true;
  bool has_record = false;       // O1
  bool foreign_allowed = false;  // no record, but a known runtime's pattern and leave to take those

  OwnerSays owner = OwnerSays::unasked;  // O2
  std::string owner_text;                // who said so, or why nobody could be asked
  bool owner_needed = true;              // false: dead beyond what any owner could say

  std::chrono::milliseconds clean_for{0};  // A1: since the first of an unbroken row of clean scans
  int clean_scans = 0;                     // this one included
};

struct ReapPolicy {
  std::chrono::milliseconds grace{std::chrono::minutes(15)};
  int min_scans = 2;
};

struct ReapJudgement {
  ReapVerdict verdict = ReapVerdict::unknown;
  std::string rule;    // the id of the evidence that decided, "L1"; stable, for scripts
  std::string reason;  // for people
  bool operator==(const ReapJudgement&) const = default;
};

// In this order: not seen, used, meant to be kept, owner silent, too young, leaked.
// The first rule that matches decides.
ReapJudgement judge(const ReapEvidence& evidence, const ReapPolicy& policy);

// True when the candidate has no holder and everything could be seen: what one clean scan is.
bool is_clean(const ReapEvidence& evidence);

// "4m", "1h30m", "12s", "250ms": the largest two units.
std::string short_duration(std::chrono::milliseconds span);

}  // namespace isthmus
