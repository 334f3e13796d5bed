#include "plugin/commands/gc_options.h"

#include <gtest/gtest.h>

#include <map>

namespace isthmus {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Duration, HasTheSpellingsOfGoAndSystemd) {
  EXPECT_EQ(parse_duration("90s"), seconds(90));
  EXPECT_EQ(parse_duration("10m"), minutes(10));
  EXPECT_EQ(parse_duration("10min"), minutes(10));
  EXPECT_EQ(parse_duration("1h30m"), minutes(90));
  EXPECT_EQ(parse_duration("1h 30m"), minutes(90));
  EXPECT_EQ(parse_duration("2 h"), hours(2));
  EXPECT_EQ(parse_duration("2d"), hours(48));
  EXPECT_EQ(parse_duration("1w"), hours(168));
  EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("0s"), seconds(0));
  EXPECT_EQ(parse_duration("0"), seconds(0));
}

TEST(Duration, RefusesEverythingElse) {
  for (const char* bad : {"", "5", "s", "-5s", "5y", "5M", "1.5h", "5s5", "5ss", "99999999999s", "5 ", "x5s"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

GcOptions good(const std::vector<std::string_view>& words) {
  auto parsed = parse_gc_options(words);
  if (const auto* usage = std::get_if<GcUsage>(&parsed)) ADD_FAILURE() << usage->text;
  return std::get_if<GcOptions>(&parsed) != nullptr ? std::get<GcOptions>(parsed) : GcOptions{};
}
std::string refused(const std::vector<std::string_view>& words) {
  auto parsed = parse_gc_options(words);
  const auto* usage = std::get_if<GcUsage>(&parsed);
  if (usage == nullptr || usage->status != 2) ADD_FAILURE() << "was taken";
  return usage != nullptr ? usage->text : "";
}

TEST(GcOptions, Defaults) {
  GcOptions options = good({});
  EXPECT_EQ(options.reap.policy.grace, minutes(15));
  EXPECT_EQ(options.reap.policy.min_scans, 2);
  EXPECT_FALSE(options.yes || options.dry_run || options.json || options.reap.foreign || options.reap.here);
  EXPECT_TRUE(options.reap.mounts && options.reap.whole_attachments());
  EXPECT_FALSE(options.limit);
  EXPECT_EQ(options.reap.state_dir, "/run/isthmus");
}

TEST(GcOptions, AllOfThem) {
  GcOptions options = good({"--yes",      "--older-than", "0s",
                            "--only",     "mounts,links", "--root",
                            "/a",         "--root",       "/b",
                            "--foreign",  "--limit",      "0",
                            "-o",         "json",         "--deadline",
                            "5s",         "--here",       "--ignore-pid",
                            "1",          "--runtime",    "containerd:///x.sock",
                            "--textfile", "/t/x.prom"});
  EXPECT_TRUE(options.yes && options.json && options.reap.foreign && options.reap.here);
  EXPECT_EQ(options.reap.policy.grace, seconds(0));
  EXPECT_TRUE(options.reap.mounts && options.reap.links);
  EXPECT_FALSE(options.reap.leases || options.reap.rules);
  EXPECT_EQ(options.reap.roots, (std::vector<std::string>{"/a", "/b"}));
  EXPECT_EQ(options.limit, 0U);
  EXPECT_EQ(options.deadline, seconds(5));
  EXPECT_TRUE(options.reap.ignore_pids.contains(1));
}

TEST(GcOptions, OnlyIsThatAlone) {
  using Flag = bool ReapOptions::*;
  const std::map<std::string_view, Flag> flags = {{"mounts", &ReapOptions::mounts},
                                                  {"links", &ReapOptions::links},
                                                  {"leases", &ReapOptions::leases},
                                                  {"rules", &ReapOptions::rules}};
  for (const auto& [word, flag] : flags) {
    GcOptions options = good({"--only", word});
    for (const auto& [other, value] : flags)
      EXPECT_EQ(options.reap.*value, value == flag) << word << ": " << other;
    EXPECT_FALSE(options.reap.whole_attachments());
  }
}

TEST(GcOptions, SaysWhatIsWrong) {
  EXPECT_NE(refused({"--older-than", "5"}).find("15m"), std::string::npos);
  EXPECT_NE(refused({"--only", "pods"}).find("mounts"), std::string::npos);
  refused({"--nothing"});
  refused({"word"});
  refused({"-o", "yaml"});
  refused({"--root", "relative"});
  refused({"--dry-run", "--yes"});
  refused({"--limit", "x"});
  refused({"--textfile", "x.txt"});
  refused({"--runtime", "nobody"});
}

TEST(GcOptions, HelpIsNoError) {
  auto parsed = parse_gc_options({"--help"});
  ASSERT_NE(std::get_if<GcUsage>(&parsed), nullptr);
  EXPECT_EQ(std::get<GcUsage>(parsed).status, 0);
  EXPECT_NE(std::get<GcUsage>(parsed).text.find("--dry-run"), std::string::npos);
}

}  // namespace
}  // namespace isthmus
