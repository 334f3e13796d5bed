#include "netlink/link.h"

#include <gmock/gmock.h>

#include "tests/netns/netlink/two_sides.h"

namespace isthmus::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Link : public TwoSides {};

void expect_end(const nlohmann::json& shown, const char* name, const char* address, int ifindex, int mtu) {
  ASSERT_EQ(shown.size(), 1u);
  const auto& link = shown[0];
  EXPECT_EQ(link["ifname"], name);
  EXPECT_EQ(link["address"], address);
  EXPECT_EQ(link["ifindex"], ifindex);
  EXPECT_EQ(link["mtu"], mtu);
  EXPECT_EQ(link["num_tx_queues"], 1);
  EXPECT_EQ(link["num_rx_queues"], 1);
  EXPECT_EQ(link["linkinfo"]["info_kind"], "veth");
  EXPECT_EQ(link["operstate"], "DOWN");
}

TEST_F(Link, VethHasBothEndsInPlace) {
  VethSpec wanted = spec("isthost", "eth0");
  wanted.mtu = *Mtu::from(1400);
  auto made = create_veth(*host_, *inside_, *netns_, wanted);
  ASSERT_TRUE(made) << made.error().text();
  expect_end(ip_json("-d link show dev isthost"), "isthost", "02:00:00:00:00:01", made->host, 1400);
  expect_end(ip_json("-d link show dev eth0", "web"), "eth0", "02:00:00:00:00:02", made->container, 1400);
}

TEST_F(Link, VethIndexesDifferPerNamespace) {
  shell("ip link add name istpad type bridge");
  VethIndexes made = veth();
  auto outer = find_link(*host_, ifname("ist0"));
  auto inner = find_link(*inside_, ifname("eth0"));
  ASSERT_TRUE(outer && *outer && inner && *inner);
  EXPECT_EQ((*outer)->ifindex, made.host);
  EXPECT_EQ((*inner)->ifindex, made.container);
  EXPECT_EQ((*outer)->peer_ifindex, made.container);
  EXPECT_EQ((*inner)->peer_ifindex, made.host);
  EXPECT_EQ((*outer)->kind, "veth");
  EXPECT_EQ((*inner)->mac, mac("02:00:00:00:00:02"));
  EXPECT_EQ((*inner)->mtu, 1500u);
  EXPECT_FALSE((*inner)->up || (*inner)->running);
}

TEST_F(Link, VethIntoABridge) {
  shell("ip link add name istbr type bridge");
  VethSpec wanted = spec();
  wanted.master_ifindex = (*find_link(*host_, ifname("istbr")))->ifindex;
  ASSERT_TRUE(create_veth(*host_, *inside_, *netns_, wanted));
  EXPECT_EQ(ip_json("link show dev ist0")[0]["master"], "istbr");
  EXPECT_EQ((*find_link(*host_, ifname("ist0")))->master_ifindex, wanted.master_ifindex);
}

TEST_F(Link, TakenHostNameLeavesNothing) {
  shell("ip link add name ist0 type bridge");
  auto made = create_veth(*host_, *inside_, *netns_, spec());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().err, EEXIST);
  EXPECT_EQ(made.error().word, "veth-create");
  EXPECT_THAT(made.error().text(), HasSubstr("the host has a link 'ist0' already"));
  EXPECT_EQ(ip_json("-d link show dev ist0")[0]["linkinfo"]["info_kind"], "bridge");
  EXPECT_EQ(ip_json("link", "web").size(), 1u);
}

TEST_F(Link, TakenContainerNameLeavesNothing) {
  shell("ip -n web link add name eth0 type bridge");
  std::size_t before = ip_json("link").size();
  auto made = create_veth(*host_, *inside_, *netns_, spec());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().err, EEXIST);
  EXPECT_THAT(made.error().text(), HasSubstr("the container has a link 'eth0' already"));
  EXPECT_EQ(ip_json("link").size(), before);
  EXPECT_EQ(ip_json("link", "web").size(), 2u);
}

TEST_F(Link, BadMasterLeavesNothing) {
  VethSpec wanted = spec();
  wanted.master_ifindex = 1;  // lo is no bridge
  auto made = create_veth(*host_, *inside_, *netns_, wanted);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().word, "veth-create");
  EXPECT_THAT(shell("ip -o link"), Not(HasSubstr("ist0")));
  EXPECT_EQ(ip_json("link", "web").size(), 1u);
}

TEST_F(Link, ChangesAliasAndStateAndStopsAddressGeneration) {
  VethIndexes made = veth();
  Batch batch;
  change_link(batch, made.host, "ist0",
              {.up = true, .alias = std::string(255, 'x'), .no_ipv6_address_generation = true});
  EXPECT_EQ(batch.size(), 2u);
  ASSERT_TRUE(host_->commit(std::move(batch)));
  Batch inside;
  change_link(inside, made.container, "eth0", {.up = true, .alias = "isthmus net/id/eth0"});
  ASSERT_TRUE(inside_->commit(std::move(inside)));
  auto outer = ip_json("-d link show dev ist0")[0];
  EXPECT_EQ(outer["ifalias"], std::string(255, 'x'));
  EXPECT_EQ(outer["inet6_addr_gen_mode"], "none");
  EXPECT_TRUE(ip_json("addr show dev ist0")[0]["addr_info"].empty());
  auto inner = find_link(*inside_, made.container);
  ASSERT_TRUE(inner && *inner);
  EXPECT_TRUE((*inner)->up && (*inner)->running);
  EXPECT_EQ((*inner)->alias, "isthmus net/id/eth0");
}

TEST_F(Link, EmptyChangeIsNoMessage) {
  Batch batch;
  change_link(batch, 1, "lo", {});
  EXPECT_TRUE(batch.empty());
  EXPECT_TRUE(host_->commit(std::move(batch)));
}

TEST_F(Link, AbsentIsAnAnswer) {
  auto by_name = find_link(*host_, ifname("nothere"));
  ASSERT_TRUE(by_name) << by_name.error().text();
  EXPECT_FALSE(*by_name);
  auto by_index = find_link(*host_, 4711);
  ASSERT_TRUE(by_index) << by_index.error().text();
  EXPECT_FALSE(*by_index);
}

TEST_F(Link, DeletingTwiceIsDone) {
  VethIndexes made = veth();
  EXPECT_TRUE(delete_link(*host_, made.host, "ist0"));
  EXPECT_FALSE(*find_link(*host_, made.host));
  EXPECT_FALSE(*find_link(*inside_, made.container));
  EXPECT_TRUE(delete_link(*host_, made.host, "ist0"));
}

TEST_F(Link, WhatTheKernelRefusesToDeleteIsAnError) {
  auto deleted = delete_link(*host_, 1, "lo");
  ASSERT_FALSE(deleted);
  EXPECT_EQ(deleted.error().err, EOPNOTSUPP);
  EXPECT_EQ(deleted.error().word, "link-delete");
}

}  // namespace
}  // namespace isthmus::test
