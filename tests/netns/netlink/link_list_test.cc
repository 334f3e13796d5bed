#include <gmock/gmock.h>

#include <algorithm>

#include "netlink/address.h"
#include "netlink/link.h"
#include "netlink/nsid.h"
#include "tests/netns/netlink/two_sides.h"

namespace isthmus::test {
namespace {

constexpr int kEveryLink = 0;

class LinkList : public TwoSides {};

const LinkInfo* by_name(const std::vector<LinkInfo>& links, const std::string& name) {
  auto found = std::find_if(links.begin(), links.end(), [&](const LinkInfo& link) { return link.name == name; });
  return found == links.end() ? nullptr : &*found;
}

TEST_F(LinkList, HasEveryLinkAndTheNumberOfTheOtherEndsNamespace) {
  VethIndexes made = veth();
  auto outside = list_links(*host_);
  ASSERT_TRUE(outside) << outside.error().text();
  const LinkInfo* end = by_name(*outside, "ist0");
  ASSERT_NE(end, nullptr);
  EXPECT_NE(by_name(*outside, "lo"), nullptr);
  EXPECT_EQ(end->peer_ifindex, made.container);
  auto nsid = nsid_of_netns(*host_, netns_->ref());
  ASSERT_TRUE(nsid) << nsid.error().text();
  ASSERT_TRUE(*nsid);
  EXPECT_EQ(end->peer_nsid, **nsid);
  EXPECT_EQ(by_name(*outside, "lo")->peer_nsid, std::nullopt);
}

TEST_F(LinkList, ANamespaceWithoutALinkInCommonHasNoNumber) {
  NamedNetns alone("alone");
  auto nsid = nsid_of_netns(*host_, open_netns(alone).ref());
  ASSERT_TRUE(nsid) << nsid.error().text();
  EXPECT_EQ(*nsid, std::nullopt);
}

TEST_F(LinkList, HasMoreLinksThanOneDatagramHolds) {
  std::string batch;
  for (int i = 0; i < 100; ++i)
    batch += "link add name istdummy" + std::to_string(i) + " type bridge\n";
  shell("printf '" + batch + "' | ip -n web -batch -");
  auto links = list_links(*inside_);
  ASSERT_TRUE(links) << links.error().text();
  EXPECT_EQ(std::count_if(links->begin(), links->end(),
                          [](const LinkInfo& link) { return link.name.starts_with("istdummy"); }),
            100);
}

TEST_F(LinkList, AddressesOfEveryLinkComeAtOnce) {
  live_veth();
  shell("ip -n web addr add 10.1.1.1/24 dev eth0; ip -n web addr add 10.1.1.2/32 dev lo");
  auto addresses = list_addresses(*inside_, kEveryLink);
  ASSERT_TRUE(addresses) << addresses.error().text();
  std::vector<std::string> v4;
  for (const AddressInfo& address : *addresses)
    if (address.prefix.family() == Family::v4) v4.push_back(address.prefix.text());
  EXPECT_THAT(v4, ::testing::UnorderedElementsAre("10.1.1.1/24", "10.1.1.2/32"));
}

}  // namespace
}  // namespace isthmus::test
