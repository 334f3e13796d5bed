// As far as the kernel goes: one without VLAN filtering or VLAN links must refuse, one with must do it.
#include "netlink/bridge_vlan.h"

#include "netlink/bridge.h"
#include "tests/netns/netlink/two_sides.h"

namespace isthmus::test {
namespace {

class BridgeVlan : public TwoSides {
 protected:
  static bool kernel_filters() {
    return shell("ip link add name istprobe type bridge vlan_filtering 1 2>&1 && ip link del istprobe || :").empty();
  }
  static bool kernel_has_vlan_links() {
    return shell(
               "ip link add istp0 type veth peer name istp1; ip link add link istp0 name istp2 type vlan id 2 2>&1 || "
               ":;"
               "ip link del istp0")
        .empty();
  }
};

TEST_F(BridgeVlan, PortsGetTheirVlansOrTheKernelsNo) {
  bool filters = kernel_filters();
  int bridge = *create_bridge(*host_, {ifname("istbr"), mac("02:00:00:00:00:77"), {}, filters});
  VethSpec wanted = spec();
  wanted.master_ifindex = bridge;
  auto made = create_veth(*host_, *inside_, *netns_, wanted);
  ASSERT_TRUE(made);
  Batch batch;
  set_port_vlans(batch, made->host, "ist0",
                 {.untagged = 100, .tagged = {{200, 210}, {300, 300}}, .drop_default = true});
  join_bridge_vlan(batch, bridge, "istbr", 100);
  auto sent = host_->commit(std::move(batch));
  ASSERT_EQ(static_cast<bool>(sent), filters);
  const PortVlans vlans{.untagged = 100, .tagged = {{200, 210}, {300, 300}}, .drop_default = true};
  auto differences = port_vlan_differences(*host_, made->host, vlans);
  ASSERT_TRUE(differences) << differences.error().text();
  if (!filters) {
    EXPECT_EQ(sent.error().err, EOPNOTSUPP);
    EXPECT_EQ(*differences, (std::vector<std::string>{"it is not in VLAN 200", "it is not in VLAN 300",
                                                      "VLAN 100 is not its untagged one"}));
    return;
  }
  EXPECT_TRUE(differences->empty());
  auto shown = nlohmann::json::parse(shell("bridge -j vlan show dev ist0"))[0]["vlans"];
  ASSERT_EQ(shown.size(), 3U);
  EXPECT_EQ(shown[0]["vlan"], 100);
  EXPECT_EQ(shown[1]["vlanEnd"], 210);
  EXPECT_EQ(shown[2]["vlan"], 300);
}

TEST_F(BridgeVlan, NothingToSetIsNothingSent) {
  Batch batch;
  set_port_vlans(batch, 1, "lo", {});
  EXPECT_TRUE(batch.empty());
}

TEST_F(BridgeVlan, AVlanLinkSitsOnTopOfAnother) {
  bool kernel_has_it = kernel_has_vlan_links();
  int bridge = *create_bridge(*host_, {ifname("istbr"), mac("02:00:00:00:00:77")});
  auto made = create_vlan_link(*host_, ifname("istbr.100"), bridge, 100);
  ASSERT_EQ(static_cast<bool>(made), kernel_has_it);
  if (!kernel_has_it) {
    EXPECT_EQ(made.error().err, EOPNOTSUPP);
    EXPECT_EQ(made.error().word, "vlan-create");
    return;
  }
  auto shown = ip_json("-d link show dev istbr.100")[0];
  EXPECT_EQ(shown["link"], "istbr");
  EXPECT_EQ(shown["linkinfo"]["info_data"]["id"], 100);
}

}  // namespace
}  // namespace isthmus::test
