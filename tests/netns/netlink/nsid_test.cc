#include "netlink/nsid.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "tests/netns/netlink/two_sides.h"

namespace isthmus::test {
namespace {

class Nsid : public TwoSides {};

TEST_F(Nsid, SaysInWhichNamespaceTheOtherEndIs) {
  veth();
  shell("ip link add name both type veth peer name ends");
  auto links = list_links(*host_);
  ASSERT_TRUE(links) << links.error().text();
  auto named = [&](const std::string& name) {
    return std::find_if(links->begin(), links->end(), [&](const auto& one) { return one.name == name; });
  };
  ASSERT_NE(named("ist0"), links->end());
  ASSERT_NE(named("both"), links->end());
  auto nsid = nsid_of_netns(*host_, netns_->ref());
  ASSERT_TRUE(nsid) << nsid.error().text();
  EXPECT_TRUE(*nsid);
  EXPECT_EQ(named("ist0")->peer_nsid, *nsid);
  EXPECT_EQ(named("both")->peer_nsid, std::nullopt);
  EXPECT_EQ(named("ist0")->kind, "veth");
  auto single = find_link(*host_, ifname("ist0"));
  ASSERT_TRUE(single && *single);
  EXPECT_EQ(named("ist0")->ifindex, (*single)->ifindex);
}

TEST_F(Nsid, ATaskElsewhereHasNoNumberHere) {
  auto own = nsid_of_task(*host_, getpid());
  ASSERT_TRUE(own) << own.error().text();
  EXPECT_EQ(*own, std::nullopt);
  auto absent = nsid_of_task(*host_, 4'000'000);
  ASSERT_TRUE(absent) << absent.error().text();
  EXPECT_EQ(*absent, std::nullopt);
}

}  // namespace
}  // namespace isthmus::test
