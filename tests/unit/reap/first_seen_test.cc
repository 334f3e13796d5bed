#include "plugin/reap/first_seen.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/temp_dir.h"

namespace isthmus {
namespace {

const std::string kBoot = "7a1c6ce4-0d51-4b0a-9d1c-6f2f4f7f4f3e";

class FirstSeenFile : public ::testing::Test {
 protected:
  FirstSeen load(const std::string& boot = kBoot) { return FirstSeen::load(state_, boot); }
  void note_and_save(std::int64_t now, bool clean, const std::string& identity = "name 1 0 2 0") {
    FirstSeen seen = load();
    seen.note(identity, clean, now, now);
    ASSERT_TRUE(seen.save());
  }
  void write(const std::string& text) { std::ofstream(state_ + "/reap/seen") << text; }
  test::TempDir dir_;
  std::string state_ = dir_.path() + "/state";
};

TEST_F(FirstSeenFile, CountsFromTheFirstCleanScanOfARow) {
  note_and_save(1000, true);
  note_and_save(2000, true);
  SeenRow row = load().note("name 1 0 2 0", true, 3000, 3000);
  EXPECT_EQ(row.clean_since_ms, 1000);
  EXPECT_EQ(row.clean_scans, 3);
}

TEST_F(FirstSeenFile, AHolderBeginsTheRowAnew) {
  note_and_save(1000, true);
  note_and_save(2000, false);
  SeenRow row = load().note("name 1 0 2 0", true, 3000, 3000);
  EXPECT_EQ(row.clean_since_ms, 2000);
  EXPECT_EQ(row.clean_scans, 1);
}

TEST_F(FirstSeenFile, TwoScansOfOneRunBothCount) {
  FirstSeen seen = load();
  EXPECT_EQ(seen.note("x", true, 10, 10).clean_scans, 1);
  EXPECT_EQ(seen.note("x", true, 20, 20).clean_scans, 2);
  EXPECT_EQ(seen.note("x", true, 30, 30).clean_since_ms, 10);
}

TEST_F(FirstSeenFile, AnotherBootForgetsEverything) {
  note_and_save(1000, true);
  SeenRow row = load("00000000-0000-0000-0000-000000000000").note("name 1 0 2 0", true, 5000, 5000);
  EXPECT_EQ(row.clean_since_ms, 5000);
  EXPECT_EQ(row.clean_scans, 1);
}

TEST_F(FirstSeenFile, WhatAKilledRunLeftGoesWithTheNextOne) {
  note_and_save(1000, true);
  const std::string left = state_ + "/reap/.tmp.1234.0";
  std::ofstream(left) << "half";
  note_and_save(2000, true);
  EXPECT_NE(access(left.c_str(), F_OK), 0);
  EXPECT_EQ(load().note("name 1 0 2 0", true, 3000, 3000).clean_since_ms, 1000);
}

TEST_F(FirstSeenFile, ATimeToComeIsNotBelieved) {
  note_and_save(9000, true);
  EXPECT_EQ(load().note("name 1 0 2 0", true, 100, 100).clean_since_ms, 100);
}

TEST_F(FirstSeenFile, AJumpOfTheWallClockChangesNoAge) {
  FirstSeen first = load();
  first.note("x", true, 1000, 1'000'000'000);
  ASSERT_TRUE(first.save());
  SeenRow row = load().note("x", true, 2000, 5);
  EXPECT_EQ(row.clean_since_ms, 1000);
  EXPECT_EQ(row.wall_ms, 1'000'000'000);
}

TEST_F(FirstSeenFile, WhatHasGoneIsForgotten) {
  note_and_save(1000, true, "old");
  note_and_save(2000, true, "new");
  EXPECT_EQ(load().note("old", true, 3000, 3000).clean_scans, 1);
}

TEST_F(FirstSeenFile, ATornFileIsAnEmptyOne) {
  note_and_save(1000, true, "x");
  const std::string head = "isthmus-reap-seen 1 " + kBoot + "\n";
  for (const std::string& text :
       {std::string(), std::string("junk"), head + "1000 1000 1 x", head + "1000 1000 1\n", head + "a b c x\n",
        head + "1000 1000 -1 x\n", head + "-5 1000 1 x\n", head + "\n", head + "99999999999999999999 1 1 x\n"}) {
    write(text);
    EXPECT_EQ(load().note("x", true, 3000, 3000).clean_since_ms, 3000) << text;
  }
  write(head + "1000 1000 1 x\n");
  EXPECT_EQ(load().note("x", true, 3000, 3000).clean_since_ms, 1000);
}

TEST_F(FirstSeenFile, LookingMakesNoDirectory) {
  load().note("x", true, 1, 1);
  EXPECT_FALSE(std::ifstream(state_ + "/reap/seen").good());
}

TEST_F(FirstSeenFile, OneRunAtATime) {
  auto first = lock_reaping(state_);
  ASSERT_TRUE(first) << first.error().text();
  auto second = lock_reaping(state_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().word, "reap-busy");
  first->reset();
  EXPECT_TRUE(lock_reaping(state_));
}

}  // namespace
}  // namespace isthmus
