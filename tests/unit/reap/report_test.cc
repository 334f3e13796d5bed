#include "plugin/reap/report.h"

#include <gtest/gtest.h>

namespace isthmus {
namespace {

const std::string kBootId = "7a1c6ce4-0d51-4b0a-9d1c-6f2f4f7f4f3e";

ReapItem name(const std::string& path, ReapVerdict verdict, std::uint64_t id) {
  ReapItem item;
  item.path = path;
  item.name = last_part(path);
  item.mount.unique_id = id;
  item.mount.inode = 7;
  item.judgement = {verdict, "rule", "some reason"};
  return item;
}

class Report : public ::testing::Test {
 protected:
  ReapReport report() { return {items_, coverage_, {}, kBootId, false, std::chrono::milliseconds(1234)}; }
  std::vector<ReapItem> items_;
  ReapCoverage coverage_;
};

TEST_F(Report, APlanIsReadBackByIdentity) {
  items_.push_back(name("/run/netns/a", ReapVerdict::leaked, 10));
  items_.push_back(name("/run/netns/b", ReapVerdict::live, 11));
  auto plan = parse_plan(to_json(report()), kBootId);
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_EQ(*plan, std::set<std::string>{items_[0].identity()});
  EXPECT_NE(items_[0].identity(), name("/run/netns/a", ReapVerdict::leaked, 12).identity());
}

TEST_F(Report, OtherPlansAreRefused) {
  const std::string good = to_json(report());
  EXPECT_TRUE(parse_plan(good, kBootId));
  EXPECT_FALSE(parse_plan(good, "another boot"));
  for (const char* bad :
       {"", "{}", "[]", "nul", R"({"apiVersion":"isthmus/v2","kind":"ReapReport"})",
        R"({"apiVersion":"isthmus/v1","kind":"ReapReport","boot":"7a1c6ce4-0d51-4b0a-9d1c-6f2f4f7f4f3e"})"}) {
    auto plan = parse_plan(bad, kBootId);
    ASSERT_FALSE(plan) << bad;
    EXPECT_EQ(plan.error().word, "reap-plan");
  }
}

TEST_F(Report, AnEmptyListIsAList) { EXPECT_NE(to_json(report()).find("\"items\": []"), std::string::npos); }

TEST_F(Report, TerminalsAndParsersSurviveHostileNames) {
  items_.push_back(name("/run/netns/\x1b[2J\xff", ReapVerdict::pinned, 10));
  EXPECT_EQ(to_table(report()).find('\x1b'), std::string::npos);
  EXPECT_TRUE(parse_plan(to_json(report()), kBootId));
}

TEST_F(Report, TheTableBeginsWithWhatIsLeaked) {
  items_.push_back(name("/run/netns/a", ReapVerdict::live, 10));
  items_.push_back(name("/run/netns/b", ReapVerdict::leaked, 11));
  items_.push_back(name("/srv/c", ReapVerdict::unknown, 12));
  coverage_.holes = {"pid 1: Permission denied"};
  std::string table = to_table(report());
  EXPECT_LT(table.find("b "), table.find("/srv/c "));
  EXPECT_LT(table.find("/srv/c "), table.find("a  "));
  EXPECT_NE(table.find("1 leaked, 1 unknown, 1 live"), std::string::npos);
  EXPECT_NE(table.find("not seen: pid 1: Permission denied"), std::string::npos);
}

TEST_F(Report, CountersGoOnFromTheLastRun) {
  items_.push_back(name("/run/netns/a", ReapVerdict::leaked, 10));
  items_.back().outcome = ReapItem::Outcome::reaped;
  items_.push_back(name("/run/netns/b", ReapVerdict::pinned, 11));
  std::string first = to_textfile(report(), "");
  std::string second = to_textfile(report(), first);
  EXPECT_NE(first.find("\nisthmus_gc_reaped_total{kind=\"name\"} 1\n"), std::string::npos);
  EXPECT_NE(second.find("\nisthmus_gc_reaped_total{kind=\"name\"} 2\n"), std::string::npos);
  EXPECT_NE(second.find("\nisthmus_gc_kept{verdict=\"pinned\"} 1\n"), std::string::npos);
  EXPECT_NE(second.find("\nisthmus_gc_duration_seconds 1.234\n"), std::string::npos);
  EXPECT_NE(to_textfile(report(), "isthmus_gc_reaped_total{kind=\"name\"} junk\n").find("{kind=\"name\"} 1\n"),
            std::string::npos);
  EXPECT_EQ(second.back(), '\n');
}

TEST_F(Report, FindingsAreWhatIsNotSettled) {
  for (auto verdict :
       {ReapVerdict::leaked, ReapVerdict::unknown, ReapVerdict::ageing, ReapVerdict::pinned, ReapVerdict::live})
    items_.push_back(name("/run/netns/a", verdict, 10));
  EXPECT_EQ(findings_left(items_), 3U);
  items_[0].outcome = ReapItem::Outcome::reaped;
  EXPECT_EQ(findings_left(items_), 2U);
  items_[0].outcome = ReapItem::Outcome::held;
  EXPECT_EQ(findings_left(items_), 3U);
}

TEST_F(Report, TheCircuitBreakerNeedsANumber) {
  for (int i = 0; i < 12; ++i)
    items_.push_back(name("/run/netns/a", ReapVerdict::leaked, 10));
  for (int i = 0; i < 11; ++i)
    items_.push_back(name("/run/netns/b", ReapVerdict::live, 11));
  ASSERT_TRUE(circuit_breaker(items_, std::nullopt));
  EXPECT_EQ(circuit_breaker(items_, std::nullopt)->word, "reap-too-many");
  EXPECT_TRUE(circuit_breaker(items_, 11));
  EXPECT_FALSE(circuit_breaker(items_, 12));
  items_.push_back(name("/run/netns/b", ReapVerdict::live, 11));
  EXPECT_FALSE(circuit_breaker(items_, std::nullopt)) << "half is not more than half";
}

}  // namespace
}  // namespace isthmus
