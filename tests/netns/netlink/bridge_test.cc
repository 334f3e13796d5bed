#include "netlink/bridge.h"

#include "tests/netns/netlink/two_sides.h"

namespace isthmus::test {
namespace {

class Bridge : public TwoSides {};

TEST_F(Bridge, MadeByOneMessage) {
  auto made = create_bridge(*host_, {ifname("istbr"), mac("02:00:00:00:00:77"), *Mtu::from(1400)});
  ASSERT_TRUE(made) << made.error().text();
  auto shown = ip_json("-d link show dev istbr")[0];
  EXPECT_EQ(shown["ifindex"], *made);
  EXPECT_EQ(shown["address"], "02:00:00:00:00:77");
  EXPECT_EQ(shown["mtu"], 1400);
  EXPECT_EQ(shown["linkinfo"]["info_data"]["vlan_filtering"], 0);
  EXPECT_EQ(shown["operstate"], "DOWN");
  auto again = create_bridge(*host_, {ifname("istbr"), mac("02:00:00:00:00:78")});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().err, EEXIST);
  EXPECT_EQ(again.error().word, "bridge-create");
}

TEST_F(Bridge, VlanFilteringIsOnOrRefusedWithoutTrace) {
  bool kernel_has_it = shell("ip link add name istprobe type bridge vlan_filtering 1 2>&1 || :").empty();
  auto made = create_bridge(*host_, {ifname("istbr"), mac("02:00:00:00:00:77"), {}, true});
  ASSERT_EQ(static_cast<bool>(made), kernel_has_it);
  if (kernel_has_it) {
    EXPECT_EQ(ip_json("-d link show dev istbr")[0]["linkinfo"]["info_data"]["vlan_filtering"], 1);
  } else {
    EXPECT_EQ(made.error().err, EOPNOTSUPP);
    EXPECT_FALSE(*find_link(*host_, ifname("istbr")));
  }
}

TEST_F(Bridge, PortFlagsAndState) {
  int bridge = *create_bridge(*host_, {ifname("istbr"), mac("02:00:00:00:00:77")});
  VethSpec wanted = spec();
  wanted.master_ifindex = bridge;
  auto made = create_veth(*host_, *inside_, *netns_, wanted);
  ASSERT_TRUE(made);
  Batch batch;
  set_bridge_port(batch, made->host, "ist0", {.hairpin = true, .isolated = true});
  ASSERT_TRUE(host_->commit(std::move(batch)));
  auto link = *find_link(*host_, made->host);
  ASSERT_TRUE(link && link->port);
  EXPECT_EQ(link->port->flags, (BridgePortFlags{true, true}));
  EXPECT_EQ(link->port->state, 0);
  auto shown = ip_json("-d link show dev ist0")[0]["linkinfo"]["info_slave_data"];
  EXPECT_EQ(shown["hairpin"], true);
  EXPECT_EQ(shown["isolated"], true);

  Batch up;
  change_link(up, bridge, "istbr", {.up = true});
  change_link(up, made->host, "ist0", {.up = true});
  set_bridge_port(up, made->host, "ist0", {});
  ASSERT_TRUE(host_->commit(std::move(up)));
  Batch inside;
  change_link(inside, made->container, "eth0", {.up = true});
  ASSERT_TRUE(inside_->commit(std::move(inside)));
  link = *find_link(*host_, made->host);
  ASSERT_TRUE(link && link->port);
  EXPECT_EQ(link->port->flags, BridgePortFlags{});
  EXPECT_EQ(link->port->state, 3);
}

TEST_F(Bridge, NotAPort) {
  EXPECT_FALSE((**find_link(*host_, 1)).port);
  Batch batch;
  set_bridge_port(batch, 1, "lo", {.hairpin = true});
  EXPECT_FALSE(host_->commit(std::move(batch)));
}

}  // namespace
}  // namespace isthmus::test
