// The lease store under many processes and under SIGKILL.
#include <algorithm>
#include <set>

#include "plugin/ipam/lease_store.h"
#include "tests/unit/ipam/ipam_testing.h"

namespace isthmus {
namespace {

using test::get_file;
using test::in_child;
using test::ip;
using test::names_in;
using test::set_of;
using test::wait_for;

class LeaseRaceTest : public ::testing::Test {
 protected:
  std::string state() const { return dir_ / "state"; }
  std::string leases() const { return state() + "/networks/pods/leases"; }
  Result<LeaseStore> open() const { return LeaseStore::open(state(), test::network("pods")); }
  test::TempDir dir_;
};

// Takes `count` addresses, each once more after a release, and checks that what it holds says so to the end.
bool take_some(Result<LeaseStore> store, const std::string& name, int count) {
  if (!store) return false;
  std::vector<std::pair<IpAddress, AttachmentRef>> mine;
  for (int i = 0; i < count; ++i) {
    AttachmentRef holder{name, "eth" + std::to_string(i)};
    auto first = store->take_any(set_of("10.1.0.0/22"), 0, holder);
    if (!first || !store->release(*first, holder)) return false;
    auto taken = store->take_any(set_of("10.1.0.0/22"), 0, holder);
    if (!taken) return false;
    mine.emplace_back(*taken, holder);
  }
  return std::all_of(mine.begin(), mine.end(), [&](const auto& held) {
    auto who = store->holder_of(held.first);
    return who && *who && **who == held.second;
  });
}

TEST_F(LeaseRaceTest, I12_HundredProcessesNeverGetTheSameAddress) {
  constexpr int kProcesses = 100;
  constexpr int kEach = 8;
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(in_child([&] { return take_some(open(), "c" + std::to_string(i), kEach); }));
  }
  for (pid_t pid : children)
    EXPECT_EQ(wait_for(pid), 0);
  auto all = open()->list();
  ASSERT_TRUE(all);
  std::set<AttachmentRef> holders;
  for (const auto& lease : *all)
    holders.insert(lease.holder);
  EXPECT_EQ(all->size(), 800U);
  EXPECT_EQ(holders.size(), 800U) << "an address was given twice, or a lease was overwritten";
}

TEST_F(LeaseRaceTest, I12_APoolThatIsJustLargeEnoughServesAll) {
  constexpr int kProcesses = 100;  // and 125 addresses
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses + 30; ++i) {
    children.push_back(in_child([&] {
      auto store = open();
      if (!store) return false;
      auto taken = store->take_any(set_of("10.1.0.0/25"), 0, {"c" + std::to_string(i), "eth0"});
      return taken || taken.error().word == "ipam-exhausted";
    }));
  }
  for (pid_t pid : children)
    EXPECT_EQ(wait_for(pid), 0);
  EXPECT_EQ(names_in(leases()).size(), 125U);
}

TEST_F(LeaseRaceTest, I12_KilledAtAnyMomentALeaseIsCompleteOrAbsent) {
  unsigned pause_us = 0;
  unsigned longest_us = 3000;
  // Where a process starts slowly, as with sanitizers, more and later moments are tried.
  for (int round = 0; round < 200 || (round < 1000 && names_in(leases()).size() <= 10); ++round) {
    if (round % 200 == 199) longest_us *= 4;
    pid_t pid = in_child([&] {
      auto store = open();
      for (int i = 0; store && i < 100000; ++i) {
        AttachmentRef holder{"container-" + std::to_string(round), "eth" + std::to_string(i)};
        auto taken = store->take_any(set_of("10.1.0.0/16"), 0, holder);
        if (!taken) return false;
        if (i % 4 != 0) (void)store->release(*taken, holder);
      }
      return true;
    });
    usleep(pause_us);
    pause_us = (pause_us + longest_us / 80) % longest_us;
    kill(pid, SIGKILL);
    EXPECT_TRUE(WIFSIGNALED(wait_for(pid)));
  }
  for (const std::string& name : names_in(leases())) {
    ASSERT_TRUE(IpAddress::parse(name)) << name << " was left behind";
    EXPECT_TRUE(get_file(leases() + "/" + name).ends_with("\n")) << name << " is torn";
  }
  auto all = open()->list();
  ASSERT_TRUE(all);
  EXPECT_GT(all->size(), 10U);
  for (const auto& lease : *all)
    EXPECT_TRUE(lease.holder.container_id.starts_with("container-"));
}

TEST_F(LeaseRaceTest, TakingWhileTheEmptyDirectoryIsPrunedNeverFails) {
  pid_t pruner = in_child([&] {
    while (true) {
      rmdir(leases().c_str());
      unlink((state() + "/networks/pods/cursor.0").c_str());
      rmdir((state() + "/networks/pods").c_str());
      usleep(1000);  // as a node does that deletes a thousand pods a second
    }
    return true;
  });
  for (int i = 0; i < 300; ++i) {
    auto store = open();
    ASSERT_TRUE(store) << store.error().text();
    AttachmentRef holder{"c1", "eth0"};
    auto taken = store->take_any(set_of("10.1.0.0/24"), 0, holder);
    ASSERT_TRUE(taken) << taken.error().text();
    auto who = LeaseStore::open(state(), test::network("pods"))->holder_of(*taken);
    ASSERT_TRUE(who && *who && **who == holder) << "the lease was lost";
    ASSERT_TRUE(store->release(*taken, holder));
  }
  kill(pruner, SIGKILL);
  wait_for(pruner);
}

}  // namespace
}  // namespace isthmus
