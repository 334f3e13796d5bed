#include "plugin/reap/verdict.h"

#include <gtest/gtest.h>

#include <functional>

namespace isthmus {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

ReapEvidence leaked() {
  ReapEvidence evidence;
  evidence.has_record = true;
  evidence.owner = OwnerSays::gone;
  evidence.owner_text = "containerd knows no such container";
  evidence.clean_for = minutes(15);
  evidence.clean_scans = 2;
  return evidence;
}

TEST(Verdict, IsLeakedOnlyWhenEverythingHolds) {
  auto judgement = judge(leaked(), {});
  EXPECT_EQ(judgement.verdict, ReapVerdict::leaked);
  EXPECT_EQ(judgement.reason, "unused for 15m; containerd knows no such container");
}

TEST(Verdict, NothingKnownIsNeverLeaked) { EXPECT_NE(judge({}, {}).verdict, ReapVerdict::leaked); }

struct Row {
  const char* name;
  std::function<void(ReapEvidence&)> change;
  ReapVerdict verdict;
  const char* rule;
};

// In the order of the table: each row beats all below it.
const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {"hole", [](auto& e) { e.holes = {"pid 1: Permission denied"}; }, ReapVerdict::unknown, "C1"},
      {"changed", [](auto& e) { e.identity_changed = true; }, ReapVerdict::unknown, "I1"},
      {"covered", [](auto& e) { e.covered = true; }, ReapVerdict::unknown, "L6"},
      {"stacked", [](auto& e) { e.stacked = true; }, ReapVerdict::unknown, "L6"},
      {"contradiction", [](auto& e) { e.age_contradicts = true; }, ReapVerdict::unknown, "A2"},
      {"at_work", [](auto& e) { e.in_use = true; }, ReapVerdict::live, "L0"},
      {"task", [](auto& e) { e.tasks = 1; }, ReapVerdict::live, "L1"},
      {"descriptor", [](auto& e) { e.descriptors = 2; }, ReapVerdict::live, "L2"},
      {"socket", [](auto& e) { e.sockets = 1; }, ReapVerdict::live, "L3"},
      {"tap", [](auto& e) { e.taps = {"tap0"}; }, ReapVerdict::live, "L4"},
      {"router", [](auto& e) { e.forwards_packets = true; }, ReapVerdict::live, "L4"},
      {"host", [](auto& e) { e.is_host = true; }, ReapVerdict::pinned, "host"},
      {"rootless", [](auto& e) { e.other_user_namespace = true; }, ReapVerdict::pinned, "rootless"},
      {"claim", [](auto& e) { e.claims = {"/var/lib/cni/results/x"}; }, ReapVerdict::pinned, "O3"},
      {"alive", [](auto& e) { e.owner = OwnerSays::alive; }, ReapVerdict::pinned, "O2"},
      {"elsewhere", [](auto& e) { e.other_places = {"at /mnt/x"}; }, ReapVerdict::pinned, "L5"},
      {"unmanaged", [](auto& e) { e.managed = false; }, ReapVerdict::pinned, "unmanaged"},
      {"no_record", [](auto& e) { e.has_record = false; }, ReapVerdict::pinned, "O1"},
      {"unasked", [](auto& e) { e.owner = OwnerSays::unasked; }, ReapVerdict::unknown, "O2"},
      {"young", [](auto& e) { e.clean_for = minutes(15) - seconds(1); }, ReapVerdict::ageing, "A1"},
      {"one_scan", [](auto& e) { e.clean_scans = 1; }, ReapVerdict::ageing, "A1"},
  };
  return all;
}

TEST(Verdict, EachRowDecidesAlone) {
  for (const Row& row : rows()) {
    ReapEvidence evidence = leaked();
    row.change(evidence);
    auto judgement = judge(evidence, {});
    EXPECT_EQ(judgement.verdict, row.verdict) << row.name;
    EXPECT_EQ(judgement.rule, row.rule) << row.name;
  }
}

// Two rows of different classes at once: the upper one decides. Owner states exclude each other, so one of these two
// overwrites the other.
TEST(Verdict, TheFirstMatchWins) {
  for (std::size_t upper = 0; upper < rows().size(); ++upper) {
    for (std::size_t lower = upper + 1; lower < rows().size(); ++lower) {
      if (std::string_view(rows()[lower].name) == "unasked" && std::string_view(rows()[upper].name) == "alive")
        continue;
      ReapEvidence evidence = leaked();
      rows()[lower].change(evidence);
      rows()[upper].change(evidence);
      auto judgement = judge(evidence, {});
      EXPECT_EQ(judgement.rule, rows()[upper].rule) << rows()[upper].name << " with " << rows()[lower].name;
      EXPECT_EQ(judgement.verdict, rows()[upper].verdict) << rows()[upper].name << " with " << rows()[lower].name;
    }
  }
}

TEST(Verdict, AForeignNameNeedsLeaveInsteadOfARecord) {
  ReapEvidence evidence = leaked();
  evidence.has_record = false;
  evidence.foreign_allowed = true;
  EXPECT_EQ(judge(evidence, {}).verdict, ReapVerdict::leaked);
  for (const Row& row : rows()) {
    ReapEvidence changed = evidence;
    row.change(changed);
    if (std::string_view(row.name) == "no_record") continue;
    EXPECT_NE(judge(changed, {}).verdict, ReapVerdict::leaked) << row.name;
  }
}

TEST(Verdict, GraceOfZeroStillNeedsTwoScans) {
  ReapEvidence evidence = leaked();
  evidence.clean_for = seconds(0);
  evidence.clean_scans = 1;
  EXPECT_EQ(judge(evidence, {seconds(0), 2}).verdict, ReapVerdict::ageing);
  evidence.clean_scans = 2;
  EXPECT_EQ(judge(evidence, {seconds(0), 2}).verdict, ReapVerdict::leaked);
}

TEST(Verdict, AnOrphanInUseIsNamedSo) {
  ReapEvidence evidence = leaked();
  evidence.tasks = 1;
  evidence.holders = {"pid 7 (sleep)"};
  EXPECT_EQ(judge(evidence, {}).reason, "orphaned but in use: 1 task: pid 7 (sleep)");
  evidence.owner = OwnerSays::unasked;
  EXPECT_EQ(judge(evidence, {}).reason, "1 task: pid 7 (sleep)");
}

TEST(Verdict, WhatIsDeadNeedsNoOwner) {
  ReapEvidence evidence = leaked();
  evidence.owner = OwnerSays::unasked;
  evidence.owner_needed = false;
  evidence.owner_text.clear();
  EXPECT_EQ(judge(evidence, {}).verdict, ReapVerdict::leaked);
}

TEST(Verdict, CleanMeansSeenAndUnused) {
  EXPECT_TRUE(is_clean(leaked()));
  for (const Row& row : rows()) {
    ReapEvidence evidence = leaked();
    row.change(evidence);
    bool seen_and_unused =
        row.rule[0] != 'C' && row.rule[0] != 'I' && row.rule[0] != 'L' && row.rule != std::string("A2");
    if (std::string_view(row.name) == "elsewhere") seen_and_unused = true;
    EXPECT_EQ(is_clean(evidence), seen_and_unused) << row.name;
  }
}

TEST(Duration, HasTwoUnitsAtMost) {
  using std::chrono::milliseconds;
  EXPECT_EQ(short_duration(milliseconds(0)), "0ms");
  EXPECT_EQ(short_duration(milliseconds(59'999)), "59s");
  EXPECT_EQ(short_duration(milliseconds(61'000)), "1m1s");
  EXPECT_EQ(short_duration(milliseconds(5'400'000)), "1h30m");
  EXPECT_EQ(short_duration(milliseconds(90'000'000)), "1d1h");
}

}  // namespace
}  // namespace isthmus
