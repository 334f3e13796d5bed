// The plan of a bridge ADD: pure, so every decision is a line to compare.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "plugin/attachment/bridge_facts.h"
#include "plugin/attachment/plan.h"

namespace isthmus {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Prefix prefix(const std::string& text) { return *Prefix::parse(text); }
IpAddress ip(const std::string& text) { return *IpAddress::parse(text); }

struct BridgePlan : ::testing::Test {
  AttachmentKey key{*NetworkName::parse("net"), *ContainerId::parse("c1"), *IfName::parse("eth0")};
  std::string pod = "default/web";
  Settings settings{};
  Lease lease{.addresses = {{prefix("10.22.0.5/16"), ip("10.22.0.1")}}};
  Facts facts{.host_ifname = key.host_ifname(0)};

  BridgePlan() {
    settings.bridge = BridgeConf{.name = *IfName::parse("cni0"), .is_gateway = true, .is_default_gateway = true};
    facts.bridge = BridgeFacts{.mac = *MacAddress::parse("02:00:00:00:00:09")};
  }
  void bridge_is_there(std::vector<std::string> addresses) {
    facts.bridge->link = LinkInfo{.ifindex = 7, .name = "cni0", .kind = "bridge", .up = true};
    for (const auto& text : addresses)
      facts.bridge->addresses.push_back({.ifindex = 7, .prefix = prefix(text)});
  }
  PlanRequest request() const { return {key, pod, settings, lease, facts}; }
  Design design() const { return design_bridge(request()); }
  std::vector<std::string> lines() const {
    auto plan = plan_bridge(request(), design());
    if (!plan) return {plan.error().text()};
    std::vector<std::string> text;
    for (const Step& step : *plan)
      text.push_back(describe(step));
    return text;
  }
  long position(const std::string& part) const {
    auto all = lines();
    return std::find_if(all.begin(), all.end(), [&](const auto& line) { return line.find(part) != line.npos; }) -
           all.begin();
  }
};

TEST_F(BridgePlan, ANewBridgeIsMadeSetUpAndGivenTheGateway) {
  auto text = lines();
  EXPECT_EQ(text.front(), "create bridge cni0");
  EXPECT_THAT(text,
              Contains(HasSubstr("set the bridge without addresses of its own making with alias 'isthmus bridge'")));
  EXPECT_THAT(text, Contains("add address 10.22.0.1/16 to the bridge"));
  EXPECT_THAT(text, Contains("add address 10.22.0.5/16 to the container's veth"));
  EXPECT_THAT(text, Contains(HasSubstr("add route 0.0.0.0/0 via 10.22.0.1")));
  EXPECT_THAT(text, Not(Contains(HasSubstr("route 10.22.0.5/32"))));
}

TEST_F(BridgePlan, ABridgeThatIsReadyIsNotTouched) {
  bridge_is_there({"10.22.0.1/16"});
  facts.forwarding_v4 = true;
  auto text = lines();
  EXPECT_EQ(text.front(), "use bridge cni0");
  EXPECT_THAT(text, Not(Contains(HasSubstr("to the bridge"))));
  EXPECT_THAT(text, Not(Contains(HasSubstr("set the bridge"))));
}

TEST_F(BridgePlan, ThePortGoesUpLastAndThenTheAddressIsAnnounced) {
  EXPECT_LT(position("add address 10.22.0.5/16"), position("set the host's veth up"));
  EXPECT_LT(position("set the host's veth up"), position("wait until the port forwards"));
  EXPECT_LT(position("wait until the port forwards"), position("announced as"));
  EXPECT_LT(position("wait until the port forwards"), position("set neighbour 10.22.0.5"));
}

TEST_F(BridgePlan, AnOverlappingAddressIsAConflictUnlessForced) {
  bridge_is_there({"10.22.0.9/24", "10.99.0.1/24", "fd00::1/64"});
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("it has 10.22.0.9/24 already [address-conflict]")));
  settings.bridge->force_address = true;
  EXPECT_THAT(lines(), Contains("delete address 10.22.0.9/24 from the bridge"));
  EXPECT_THAT(lines(), Contains("delete address 10.99.0.1/24 from the bridge"));  // as the official plugin does
  EXPECT_THAT(lines(), Not(Contains(HasSubstr("delete address fd00::1"))));
}

TEST_F(BridgePlan, AnotherSubnetOnTheBridgeIsNoConflict) {
  bridge_is_there({"10.99.0.1/24"});
  EXPECT_THAT(lines(), Contains("add address 10.22.0.1/16 to the bridge"));
}

TEST_F(BridgePlan, HairpinIsOnWhereItDoesNoHarm) {
  EXPECT_TRUE(hairpin_of(*settings.bridge, true));
  EXPECT_FALSE(hairpin_of(*settings.bridge, false));
  BridgeConf conf = *settings.bridge;
  conf.promiscuous = true;
  EXPECT_FALSE(hairpin_of(conf, true));
  conf = *settings.bridge;
  conf.duplicate_detection = true;
  EXPECT_FALSE(hairpin_of(conf, true));
  conf.hairpin = true;
  EXPECT_TRUE(hairpin_of(conf, true));
  conf = *settings.bridge;
  conf.is_gateway = false;
  EXPECT_FALSE(hairpin_of(conf, true));
}

TEST_F(BridgePlan, GatewayThatIpamDidNotGiveIsTheFirstAddress) {
  lease.addresses[0].gateway.reset();
  EXPECT_THAT(lines(), Contains("add address 10.22.0.1/16 to the bridge"));
  EXPECT_EQ(design().addresses[0].gateway, ip("10.22.0.1"));
}

TEST_F(BridgePlan, ADefaultRouteOfIpamIsNotDoubled) {
  lease.routes = {{.destination = prefix("0.0.0.0/0")}};
  ASSERT_EQ(design().routes.size(), 1U);
  EXPECT_EQ(routes_in_container(design())[0].gateway, ip("10.22.0.1"));
  EXPECT_FALSE(routes_in_container(design())[0].onlink);
}

TEST_F(BridgePlan, NoDefaultRouteUnlessItIsTheDefaultGateway) {
  settings.bridge->is_default_gateway = false;
  EXPECT_TRUE(design().routes.empty());
}

TEST_F(BridgePlan, VlansPutTheGatewayOnALinkOfTheirOwn) {
  settings.bridge->vlans = {.untagged = 100, .tagged = {{200, 300}}, .drop_default = true};
  auto text = lines();
  EXPECT_THAT(text, Contains("ensure link cni0.100 into VLAN 100 of the bridge"));
  EXPECT_THAT(text, Contains("add address 10.22.0.1/16 to the host's link into the VLAN"));
  EXPECT_THAT(text, Contains(HasSubstr("of VLANs")));
  settings.bridge->name = *IfName::parse("cni0-long-name");
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("longer than 15 bytes [bridge-vlan]")));
}

TEST_F(BridgePlan, AContainerEndThatStaysDownIsLeftAlone) {
  settings.bridge->disable_container_interface = true;
  settings.bridge->is_gateway = settings.bridge->is_default_gateway = false;
  lease = {};
  auto text = lines();
  EXPECT_THAT(text, Not(Contains(HasSubstr("container's veth"))));
  EXPECT_THAT(text, Not(Contains(HasSubstr("wait until"))));
}

TEST_F(BridgePlan, NewBridgesHaveOneMacPerMachineAndName) {
  EXPECT_EQ(new_bridge_mac(*IfName::parse("cni0")), new_bridge_mac(*IfName::parse("cni0")));
  EXPECT_NE(new_bridge_mac(*IfName::parse("cni0")), new_bridge_mac(*IfName::parse("cni1")));
}

}  // namespace
}  // namespace isthmus
