#include "plugin/ipam/lease_store.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/ipam/ipam_testing.h"

namespace isthmus {
namespace {

using test::get_file;
using test::ip;
using test::mode_of;
using test::names_in;
using test::put_file;
using test::set_of;

class LeaseStoreTest : public ::testing::Test {
 protected:
  LeaseStore open() {
    auto store = LeaseStore::open(state(), test::network("pods"));
    EXPECT_TRUE(store) << store.error().text();
    return *std::move(store);
  }
  std::string take(const RangeSet& set, const AttachmentRef& holder = {"c1", "eth0"}, std::size_t index = 0) {
    auto taken = open().take_any(set, index, holder);
    return taken ? taken->text() : taken.error().text();
  }
  std::string state() const { return dir_ / "state"; }
  std::string network_dir() const { return state() + "/networks/pods"; }
  std::string leases() const { return network_dir() + "/leases"; }

  test::TempDir dir_;
};

TEST_F(LeaseStoreTest, ALeaseIsAFileThatSaysWhoHoldsIt) {
  mode_t before = umask(geteuid() == 0 ? 0777 : 0077);
  std::string taken = take(set_of("10.1.0.0/24"));
  umask(before);
  EXPECT_EQ(taken, "10.1.0.2");
  EXPECT_EQ(get_file(leases() + "/10.1.0.2"), "c1\neth0\n");
  EXPECT_EQ(mode_of(leases() + "/10.1.0.2"), 0600U);
  for (const auto& directory : {state(), state() + "/networks", network_dir(), leases()}) {
    EXPECT_EQ(mode_of(directory), 0700U) << directory;
  }
  EXPECT_EQ(names_in(network_dir()), (std::vector<std::string>{"cursor.0", "leases"}));
  EXPECT_EQ(names_in(leases()), std::vector<std::string>{"10.1.0.2"}) << "no temporary file stays";
}

TEST_F(LeaseStoreTest, AReleasedAddressRestsUntilAllOthersHadTheirTurn) {
  RangeSet set = set_of("10.1.0.0/29");
  EXPECT_EQ(take(set), "10.1.0.2");
  ASSERT_TRUE(open().release(ip("10.1.0.2"), {"c1", "eth0"}));
  std::string order;
  for (int i = 0; i < 5; ++i)
    order += take(set, {"c" + std::to_string(i + 2), "eth0"}) + " ";
  EXPECT_EQ(order, "10.1.0.3 10.1.0.4 10.1.0.5 10.1.0.6 10.1.0.2 ");
}

TEST_F(LeaseStoreTest, AReleasedAddressRestsEvenIfNothingElseIsHeld) {
  EXPECT_EQ(take(set_of("10.1.0.0/24")), "10.1.0.2");
  ASSERT_TRUE(open().release(ip("10.1.0.2"), {"c1", "eth0"}));
  ASSERT_EQ(rmdir(leases().c_str()), 0);  // as the state store does after the last DEL
  EXPECT_EQ(take(set_of("10.1.0.0/24")), "10.1.0.3");
}

TEST_F(LeaseStoreTest, AnIllegibleCursorStartsAgain) {
  put_file(network_dir() + "/cursor.0", "what is this");
  EXPECT_EQ(take(set_of("10.1.0.0/24")), "10.1.0.2");
  EXPECT_EQ(take(set_of("10.1.0.0/24"), {"c2", "eth0"}), "10.1.0.3");
}

TEST_F(LeaseStoreTest, ExhaustionNamesTheRangesAndHowManyAreHeld) {
  RangeSet set = set_of("10.1.0.0/29", {"10.1.0.4/32"});
  for (int i = 0; i < 4; ++i)
    take(set, {"c" + std::to_string(i), "eth0"});
  auto taken = open().take_any(set, 0, {"late", "eth0"});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().word, "ipam-exhausted");
  EXPECT_EQ(taken.error().text(),
            "cannot take an address from 10.1.0.1-10.1.0.6: all are held, 4 of 4 [ipam-exhausted]; "
            "the files in " +
                leases() + " name the holders; release those that are gone, or widen the range");
  ASSERT_TRUE(open().release(ip("10.1.0.5"), {"c2", "eth0"}));
  EXPECT_EQ(take(set, {"late", "eth0"}), "10.1.0.5");
}

TEST_F(LeaseStoreTest, TheLastFreeOneOfManyIsFound) {
  RangeSet set = set_of("10.1.0.0/20");
  std::size_t held = 0;
  for (auto address = ip("10.1.0.2"); address < ip("10.1.15.255"); address = *address.next()) {
    if (address == ip("10.1.9.77")) continue;
    put_file(leases() + "/" + address.text(), "x\neth0\n");
    ++held;
  }
  ASSERT_EQ(held, 4092U);
  EXPECT_EQ(*open().count_free(set, 10), 1U);
  EXPECT_EQ(take(set), "10.1.9.77");
  EXPECT_EQ(*open().count_free(set, 10), 0U);
  auto taken = open().take_any(set, 0, {"late", "eth0"});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().detail, "all are held, 4093 of 4093");
}

TEST_F(LeaseStoreTest, HugeRangesCostNothing) {
  EXPECT_EQ(take(set_of("fd00::/64")), "fd00::2");
  EXPECT_EQ(take(set_of("10.0.0.0/8"), {"c1", "eth0"}, 1), "10.0.0.2");
  EXPECT_EQ(*open().count_free(set_of("fd00::/64"), 3), 3U);
}

TEST_F(LeaseStoreTest, K07_AVeryAddressIsHadOrItsHolderNamed) {
  RangeSet set = set_of("10.1.0.0/24", {"10.1.0.64/26"});
  ASSERT_TRUE(open().take(ip("10.1.0.9"), set, {"c1", "eth0"}));
  EXPECT_EQ(get_file(leases() + "/10.1.0.9"), "c1\neth0\n");
  auto again = open().take(ip("10.1.0.9"), set, {"c2", "eth0"});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().text(), "cannot take address 10.1.0.9: 'eth0' of container c1 holds it [ip-taken]");
  for (const char* never : {"10.1.0.0", "10.1.0.1", "10.1.0.70", "10.1.0.255", "10.2.0.5", "fd00::5"}) {
    auto refused = open().take(ip(never), set, {"c2", "eth0"});
    ASSERT_FALSE(refused) << never;
    EXPECT_EQ(refused.error().word, "ip-not-in-range");
  }
}

TEST_F(LeaseStoreTest, WhatAKilledAddTookIsTakenAgainByItsHolder) {
  RangeSet set = set_of("10.1.0.0/24");
  // Killed between the lease and the cursor.
  put_file(leases() + "/10.1.0.2", "c1\neth0\n");
  EXPECT_EQ(take(set), "10.1.0.2");
  EXPECT_TRUE(open().take(ip("10.1.0.2"), set, {"c1", "eth0"}));
  EXPECT_EQ(take(set, {"c2", "eth0"}), "10.1.0.3");
  EXPECT_EQ(names_in(leases()).size(), 2U);
}

TEST_F(LeaseStoreTest, OnlyTheHolderReleases) {
  EXPECT_EQ(take(set_of("10.1.0.0/24")), "10.1.0.2");
  EXPECT_TRUE(open().release(ip("10.1.0.2"), {"c1", "eth1"}));
  EXPECT_TRUE(open().release(ip("10.1.0.2"), {"c2", "eth0"}));
  EXPECT_TRUE(open().release(ip("10.1.0.3"), {"c1", "eth0"}));
  EXPECT_EQ(names_in(leases()), std::vector<std::string>{"10.1.0.2"});
  EXPECT_TRUE(open().release(ip("10.1.0.2"), {"c1", "eth0"}));
  EXPECT_TRUE(names_in(leases()).empty());
}

TEST_F(LeaseStoreTest, ReleaseAllTakesOneHoldersAddressesAndNoOthers) {
  take(set_of("10.1.0.0/24"));
  take(set_of("fd00::/64"), {"c1", "eth0"}, 1);
  take(set_of("10.1.0.0/24"), {"c1", "eth1"});
  put_file(leases() + "/10.1.0.99", "torn");
  ASSERT_TRUE(open().release_all({"c1", "eth0"}));
  EXPECT_EQ(names_in(leases()), (std::vector<std::string>{"10.1.0.3", "10.1.0.99"}));
}

TEST_F(LeaseStoreTest, TornAndForeignFilesAreListedWithoutAHolder) {
  take(set_of("10.1.0.0/24"));
  put_file(leases() + "/10.1.0.7", "");
  put_file(leases() + "/10.1.0.8", "c1\neth0\nmore\n");
  put_file(leases() + "/notes.txt", "not an address");
  put_file(leases() + "/.10.1.0.9", "a temporary file");
  ASSERT_EQ(symlink("/etc/passwd", (leases() + "/10.1.0.10").c_str()), 0);
  ASSERT_EQ(mkfifo((leases() + "/10.1.0.11").c_str(), 0600), 0);
  auto all = open().list();
  ASSERT_TRUE(all) << all.error().text();
  std::string listed;
  for (const auto& [address, holder] : *all)
    listed += address.text() + "=" + holder.container_id + " ";
  EXPECT_EQ(listed, "10.1.0.2=c1 10.1.0.7= 10.1.0.8= 10.1.0.10= 10.1.0.11= ");
}

TEST_F(LeaseStoreTest, PlantedSymbolicLinksLeadNowhere) {
  std::string victim = dir_ / "victim";
  put_file(victim, "precious");
  put_file(leases() + "/10.9.9.9", "x\ny\n");
  ASSERT_EQ(chmod(state().c_str(), 0700), 0);
  // As a lease: taken by nobody, skipped, and the file behind it left alone.
  ASSERT_EQ(symlink(victim.c_str(), (leases() + "/10.1.0.2").c_str()), 0);
  EXPECT_EQ(take(set_of("10.1.0.0/24")), "10.1.0.3");
  // As the cursor, as a directory on the way, as the state directory itself.
  ASSERT_EQ(symlink(victim.c_str(), (network_dir() + "/cursor.7").c_str()), 0);
  EXPECT_NE(take(set_of("10.1.0.0/24"), {"c2", "eth0"}, 7).find("[state-untrusted]"), std::string::npos);
  ASSERT_EQ(symlink(network_dir().c_str(), (state() + "/networks/linked").c_str()), 0);
  auto linked = LeaseStore::open(state(), test::network("linked"));
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().word, "state-untrusted");
  ASSERT_EQ(symlink(state().c_str(), (dir_ / "other").c_str()), 0);
  for (const char* name : {"other", "other/"}) {
    auto other = LeaseStore::open(dir_ / name, test::network("pods"));
    ASSERT_FALSE(other) << name;
    EXPECT_EQ(other.error().word, "state-untrusted");
  }
  EXPECT_EQ(get_file(victim), "precious");
}

TEST_F(LeaseStoreTest, ADirectoryPrunedUnderUsIsMadeAgain) {
  LeaseStore store = open();
  ASSERT_EQ(rmdir(leases().c_str()), 0);
  ASSERT_EQ(rmdir(network_dir().c_str()), 0);
  ASSERT_EQ(rmdir((state() + "/networks").c_str()), 0);
  auto taken = store.take_any(set_of("10.1.0.0/24"), 0, {"c1", "eth0"});
  ASSERT_TRUE(taken) << taken.error().text();
  EXPECT_EQ(names_in(leases()), std::vector<std::string>{"10.1.0.2"});
}

TEST_F(LeaseStoreTest, OpenExistingMakesNothing) {
  auto store = LeaseStore::open_existing(state(), test::network("pods"));
  ASSERT_TRUE(store);
  EXPECT_FALSE(*store);
  EXPECT_TRUE(names_in(dir_.path()).empty());
}

TEST_F(LeaseStoreTest, AFileInTheWayIsUntrusted) {
  put_file(state(), "");
  auto store = LeaseStore::open(state(), test::network("pods"));
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().word, "state-untrusted");
}

}  // namespace
}  // namespace isthmus
