#include "netns/netns_census.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "tests/support/child.h"
#include "tests/support/private_host.h"

namespace isthmus {
namespace {

using test::Child;
using test::NamedNetns;
using test::PrivateHost;

Deadline soon() { return Deadline::in(std::chrono::seconds(5)); }

ino_t inode_of(const std::string& path) {
  struct stat found {};
  return stat(path.c_str(), &found) == 0 ? found.st_ino : 0;
}

class Census : public PrivateHost {
 protected:
  // A copy: what is asked for must be there.
  static NetnsSeen seen(ino_t inode) {
    auto census = take_netns_census({}, soon());
    EXPECT_TRUE(census) << census.error().text();
    EXPECT_TRUE(census->namespaces.contains(inode)) << inode;
    return census->namespaces[inode];
  }
};

TEST_F(Census, FindsOneThatOnlyANameHolds) {
  NamedNetns named("quiet");
  NetnsSeen found = seen(inode_of(named.path()));
  EXPECT_EQ(found.holders.tasks, 0u);
  ASSERT_EQ(found.names.size(), 1u);
  EXPECT_EQ(found.names[0].mount_point, named.path());
  EXPECT_EQ(way_into(found), named.path());
  auto opened = open_seen_netns(found, soon());
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->id().inode, found.inode);
}

TEST_F(Census, FindsOneWithoutAnyNameByItsTask) {
  Child inside([] { return unshare(CLONE_NEWNET) == 0; });
  NetnsSeen found = seen(inode_of("/proc/" + std::to_string(inside.pid()) + "/ns/net"));
  EXPECT_EQ(found.holders.tasks, 1u);
  EXPECT_TRUE(found.names.empty());
  auto opened = open_seen_netns(found, soon());
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->id().inode, found.inode);
  EXPECT_FALSE(has_gone(found));
  inside.end();
  EXPECT_TRUE(has_gone(found));
  auto gone = open_seen_netns(found, soon());
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().word, "netns-no-way-in");
}

TEST_F(Census, ANameThatIsGivenMeanwhileIsFound) {
  auto maker = std::make_unique<Child>([] { return unshare(CLONE_NEWNET) == 0; });
  const std::string link = "/proc/" + std::to_string(maker->pid()) + "/ns/net";
  NetnsSeen found = seen(inode_of(link));
  EXPECT_FALSE(read_names_again(found));
  test::shell("touch /run/late && mount --bind " + link + " /run/late");
  maker->end();
  EXPECT_FALSE(has_gone(found));
  EXPECT_FALSE(open_seen_netns(found, soon()));
  EXPECT_TRUE(read_names_again(found));
  auto opened = open_seen_netns(found, soon());
  ASSERT_TRUE(opened) << opened.error().text();
  test::shell("umount --lazy /run/late && rm /run/late");
}

TEST_F(Census, WhatSomethingStillHoldsHasNotGone) {
  auto named = std::make_unique<NamedNetns>("kept");
  const std::string path = named->path();
  Child holder([&] { return open(path.c_str(), O_RDONLY) >= 0; });
  NetnsSeen found = seen(inode_of(path));
  holder.end();
  EXPECT_FALSE(has_gone(found)) << "its name";
  Child other([&] { return open(path.c_str(), O_RDONLY) >= 0; });
  found = seen(found.inode);
  named.reset();
  EXPECT_FALSE(has_gone(found)) << "a descriptor";
  NetnsSeen more = found;
  more.holders.descriptors = 9;
  other.end();
  EXPECT_TRUE(has_gone(found));
  EXPECT_FALSE(has_gone(more)) << "a holder that is not known by name";
}

// The mount is gone again: the descriptor's link shows "/" and not "net:[...]".
TEST_F(Census, FindsOneByADescriptorThatWasOpenedByItsName) {
  auto named = std::make_unique<NamedNetns>("opened");
  const ino_t inode = inode_of(named->path());
  Child holder([&] { return open(named->path().c_str(), O_RDONLY) >= 0; });
  named.reset();
  NetnsSeen found = seen(inode);
  EXPECT_EQ(found.holders.descriptors, 1u);
  EXPECT_TRUE(found.names.empty());
  auto opened = open_seen_netns(found, soon());
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->id().inode, inode);
}

TEST_F(Census, DoesNotTakeADescriptorOfAnotherKindOfNamespaceForOne) {
  test::shell("touch /run/mnt-name && mount --bind /proc/self/ns/uts /run/mnt-name");
  const ino_t inode = inode_of("/run/mnt-name");
  Child holder([] { return open("/run/mnt-name", O_RDONLY) >= 0 && open("/proc/self/ns/uts", O_RDONLY) >= 0; });
  auto census = take_netns_census({}, soon());
  ASSERT_TRUE(census) << census.error().text();
  EXPECT_FALSE(census->namespaces.contains(inode));
  holder.end();
  test::shell("umount /run/mnt-name && rm /run/mnt-name");
}

TEST_F(Census, FindsOneThatIsMountedInAnotherMountNamespaceOnly) {
  ino_t inode = 0;
  NamedNetns named("elsewhere");
  inode = inode_of(named.path());
  Child other(
      [] { return unshare(CLONE_NEWNS) == 0 && mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0; });
  test::shell("umount " + named.path());
  NetnsSeen found = seen(inode);
  EXPECT_TRUE(found.names.empty());
  EXPECT_EQ(found.copies_seen, 1u);
  ASSERT_EQ(found.copies.size(), 1u);
  EXPECT_EQ(found.copies[0].example, other.pid());
  auto opened = open_seen_netns(found, soon());
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->id().inode, inode);
  other.end();
  auto census = take_netns_census({}, soon());
  ASSERT_TRUE(census);
  EXPECT_FALSE(census->namespaces.contains(inode));
}

}  // namespace
}  // namespace isthmus
