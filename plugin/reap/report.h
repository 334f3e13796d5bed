// What a run found and did, for people, for scripts and for node_exporter.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "netns/result.h"
#include "plugin/reap/commit.h"
#include "plugin/reap/item.h"
#include "plugin/reap/managed.h"

namespace isthmus {

struct ReapReport {
  const std::vector<ReapItem>& items;
  const ReapCoverage& coverage;
  ReapPolicy policy;
  std::string boot_id;
  bool dry_run = false;
  std::chrono::milliseconds took{0};
};

// {"apiVersion":"isthmus/v1","kind":"ReapReport",...,"items":[...]}, a newline at the end.
std::string to_json(const ReapReport& report);

// One line for each item, sorted by verdict, and what could not be seen; bytes that a terminal might obey are replaced.
std::string to_table(const ReapReport& report);

// The identities of the leaked items of a plan that to_json() wrote in this boot.
// Fails with [reap-plan] for any other text, or a plan of another boot.
Result<std::set<std::string>> parse_plan(std::string_view json, const std::string& boot_id);

// Prometheus' text format. `previous` is what the file held before: counters go on from there.
std::string to_textfile(const ReapReport& report, std::string_view previous);

// Leaked and left, held elsewhere, unknown or ageing: what makes the exit status 1.
std::size_t findings_left(const std::vector<ReapItem>& items);

}  // namespace isthmus
