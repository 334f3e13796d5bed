#include "netns/mountinfo.h"

#include <gtest/gtest.h>
#include <sys/sysmacros.h>

namespace isthmus {
namespace {

TEST(Mountinfo, ReadsTheLineOfANetworkNamespace) {
  auto table = parse_mountinfo("68 67 0:4 net:[4026532177] /run/netns/x rw shared:3 - nsfs nsfs rw\n");
  ASSERT_EQ(table.lines.size(), 1U);
  EXPECT_EQ(table.odd, 0U);
  const MountLine& line = table.lines.front();
  EXPECT_EQ(line.id, 68U);
  EXPECT_EQ(line.parent_id, 67U);
  EXPECT_EQ(line.device, makedev(0, 4));
  EXPECT_EQ(line.root, "net:[4026532177]");
  EXPECT_EQ(line.mount_point, "/run/netns/x");
  EXPECT_EQ(line.fs_type, "nsfs");
  EXPECT_EQ(line.super_options, "rw");
  EXPECT_TRUE(line.shared);
  EXPECT_EQ(netns_inode_of_root(line.root), 4026532177U);
}

TEST(Mountinfo, ReadsAnyNumberOfTags) {
  auto none = parse_mountinfo("1 2 8:1 / /a rw - ext4 /dev/sda1 rw");
  ASSERT_EQ(none.lines.size(), 1U);
  EXPECT_FALSE(none.lines[0].shared);
  auto many = parse_mountinfo("1 2 8:1 / /a rw,nosuid master:4 propagate_from:2 unbindable - ext4 /dev/sda1 rw,a=b\n");
  ASSERT_EQ(many.lines.size(), 1U);
  EXPECT_FALSE(many.lines[0].shared);
  EXPECT_EQ(many.lines[0].super_options, "rw,a=b");
}

TEST(Mountinfo, UnescapesOctalsAndLeavesOtherBackslashes) {
  EXPECT_EQ(unescape_mount_path("a\\040b\\011c\\134d\\012"), "a b\tc\\d\n");
  EXPECT_EQ(unescape_mount_path("a\\04"), "a\\04");
  EXPECT_EQ(unescape_mount_path("a\\089"), "a\\089");
  EXPECT_EQ(unescape_mount_path("\\777"), "\\777");
  EXPECT_EQ(unescape_mount_path("\\377"), "\377");
  auto table = parse_mountinfo("1 2 0:4 net:[7] /run/netns/a\\040b rw - nsfs nsfs rw\n");
  ASSERT_EQ(table.lines.size(), 1U);
  EXPECT_EQ(table.lines[0].mount_point, "/run/netns/a b");
}

TEST(Mountinfo, CountsWhatItCannotRead) {
  for (const char* odd : {"x", "1", "1 2 3", "a 2 0:4 / /m rw - t s o", "1 b 0:4 / /m rw - t s o",
                          "1 2 04 / /m rw - t s o", "1 2 0:4 / /m rw", "1 2 0:4 / /m rw shared:1", "1 2 0:4 / /m rw -",
                          "1 2 0:x / /m rw - t s o", "1 2 0:4  /m rw - t s o"}) {
    auto table = parse_mountinfo(std::string(odd) + "\n");
    EXPECT_EQ(table.odd, 1U) << odd;
    EXPECT_TRUE(table.lines.empty()) << odd;
  }
}

TEST(Mountinfo, GoesOnBehindAnOddLineAndSkipsEmptyOnes) {
  auto table = parse_mountinfo("\nodd\n1 2 0:4 / /m rw - t  o\n\n");
  EXPECT_EQ(table.odd, 1U);
  ASSERT_EQ(table.lines.size(), 1U);
  EXPECT_EQ(table.lines[0].fs_type, "t");
}

TEST(Mountinfo, KeepsADeletedRootAsItIs) {
  auto table = parse_mountinfo("1 2 0:30 /netns//deleted /run/netns rw shared:1 - tmpfs tmpfs rw\n");
  ASSERT_EQ(table.lines.size(), 1U);
  EXPECT_EQ(table.lines[0].root, "/netns//deleted");
}

TEST(Mountinfo, KnowsTheRootsOfNetworkNamespacesOnly) {
  EXPECT_EQ(netns_inode_of_root("net:[1]"), 1U);
  for (const char* other : {"", "/", "mnt:[4026531841]", "net:[]", "net:[x]", "net:[1", "net:[1]x", "net:[-1]"}) {
    EXPECT_FALSE(netns_inode_of_root(other)) << other;
  }
}

TEST(MountPlace, IsTheSameForEveryViewOfOneDirectory) {
  const dev_t tmpfs = makedev(0, 26);
  MountPlace direct = *place_on(tmpfs, "/", "/run", "/run/netns/x");
  EXPECT_EQ(direct.path, "/netns/x");
  // The self-bind of `ip netns`, and a hostPath volume of the directory at another path.
  EXPECT_EQ(*place_on(tmpfs, "/netns", "/run/netns", "/run/netns/x"), direct);
  EXPECT_EQ(*place_on(tmpfs, "/netns", "/host/var/run/netns", "/host/var/run/netns/x"), direct);
  EXPECT_EQ(place_on(tmpfs, "/", "/", "/netns/x"), direct);
  EXPECT_NE(*place_on(makedev(0, 27), "/netns", "/run/netns", "/run/netns/x"), direct);
}

TEST(MountPlace, IsUnknownForAMountThatIsNotBelowItsParent) {
  EXPECT_FALSE(place_on(1, "/", "/run/netns", "/run/netnsx/x"));
  EXPECT_FALSE(place_on(1, "/", "/a", "/b"));
}

TEST(MountPlace, OfAStackedMountIsItsParentsRoot) {
  EXPECT_EQ(place_on(4, "net:[7]", "/run/netns/x", "/run/netns/x")->path, "net:[7]");
}

}  // namespace
}  // namespace isthmus
