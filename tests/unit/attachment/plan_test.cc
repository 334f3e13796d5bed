// The plan of a ptp ADD: pure, so every decision is a line to compare.
#include "plugin/attachment/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace isthmus {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

AttachmentKey make_key(const std::string& ifname = "eth0") {
  return {*NetworkName::parse("podnet"), *ContainerId::parse("c1"), *IfName::parse(ifname)};
}

LeasedAddress leased(const std::string& address, const std::string& gateway) {
  return {*Prefix::parse(address), *IpAddress::parse(gateway)};
}

struct PtpPlan : ::testing::Test {
  AttachmentKey key = make_key();
  std::string pod = "default/web";
  Settings settings{};
  Lease lease{.addresses = {leased("10.244.1.5/24", "10.244.1.1")}};
  Facts facts{.host_ifname = key.host_ifname(0)};

  Result<Plan> ptp() const {
    PlanRequest request{key, pod, settings, lease, facts};
    return plan_ptp(request, design_ptp(request));
  }
  std::vector<std::string> lines() const {
    auto plan = ptp();
    if (!plan) return {plan.error().text()};
    std::vector<std::string> text;
    for (const Step& step : *plan)
      text.push_back(describe(step));
    return text;
  }
  long position(const std::string& line) const {
    auto all = lines();
    return std::find(all.begin(), all.end(), line) - all.begin();
  }
};

TEST_F(PtpPlan, AddressIsAHostPrefixBehindTheGateway) {
  auto text = lines();
  EXPECT_THAT(text, Contains("add address 10.244.1.5/32 to the container's veth"));
  EXPECT_THAT(text, Contains(HasSubstr("add route 10.244.1.1/32")));
  EXPECT_THAT(text, Contains(HasSubstr("add route 0.0.0.0/0 via 10.244.1.1")));
  EXPECT_THAT(text, Contains("add address 10.244.1.1/32 to the host's veth"));
  EXPECT_THAT(text, Contains("add route 10.244.1.5/32 by the host's veth"));
  // The default route covers the subnet.
  EXPECT_THAT(text, Not(Contains(HasSubstr("10.244.1.0/24"))));
}

TEST_F(PtpPlan, OwnDefaultRouteOnlyWhenIpamGaveNone) {
  lease.routes = {{.destination = *Prefix::parse("10.0.0.0/8")}};
  auto text = lines();
  EXPECT_THAT(text, Not(Contains(HasSubstr("0.0.0.0/0"))));
  EXPECT_THAT(text, Contains(HasSubstr("add route 10.0.0.0/8 via 10.244.1.1")));
  EXPECT_THAT(text, Contains(HasSubstr("add route 10.244.1.0/24 via 10.244.1.1")));
}

TEST_F(PtpPlan, SettingsComeBeforeUp) {
  lease.addresses = {leased("fd00::5/64", "fd00::1")};
  EXPECT_LT(position("set ipv6/conf/IFNAME/accept_ra of the container's veth to 0"),
            position("set the container's veth without addresses of its own making up"));
  EXPECT_LT(position("set ipv6/conf/IFNAME/accept_ra of the host's veth to 0"),
            position("add address fd00::1/128 to the host's veth"));
}

TEST_F(PtpPlan, ForwardingOnlyForFamiliesInUseAndOnlyWhenOff) {
  EXPECT_THAT(lines(), Contains("enable IPv4 forwarding on the host"));
  EXPECT_THAT(lines(), Not(Contains("enable IPv6 forwarding on the host")));
  facts.forwarding_v4 = true;
  EXPECT_THAT(lines(), Not(Contains("enable IPv4 forwarding on the host")));
}

TEST_F(PtpPlan, SecondInterfaceGetsItsOwnMetric) {
  key = make_key("eth1");
  lease.addresses.push_back(leased("fd00::5/64", "fd00::1"));
  auto routes = design_ptp({key, pod, settings, lease, facts}).routes;
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[0].priority, 1U);
  EXPECT_EQ(routes[1].priority, 1025U);
}

TEST_F(PtpPlan, MetricOfTheConfigurationStays) {
  key = make_key("eth1");
  lease.routes = {{.destination = *Prefix::parse("0.0.0.0/0"), .priority = 77}};
  EXPECT_EQ(design_ptp({key, pod, settings, lease, facts}).routes[0].priority, 77U);
}

TEST_F(PtpPlan, ForeignGatewayIsMarkedAsNeighbour) {
  lease.routes = {{.destination = *Prefix::parse("10.9.0.0/16"), .gateway = *IpAddress::parse("10.244.1.254")}};
  auto plan = ptp();
  ASSERT_TRUE(plan);
  bool onlink = std::any_of(plan->begin(), plan->end(), [](const Step& step) {
    const auto* route = std::get_if<AddRoute>(&step);
    return route != nullptr && route->spec.onlink && route->spec.gateway == *IpAddress::parse("10.244.1.254");
  });
  EXPECT_TRUE(onlink);
}

TEST_F(PtpPlan, LinkScopeRouteKeepsOffTheGateway) {
  lease.routes = {{.destination = *Prefix::parse("10.9.0.0/16"), .scope = 253}};
  auto plan = ptp();
  ASSERT_TRUE(plan);
  for (const Step& step : *plan) {
    if (const auto* route = std::get_if<AddRoute>(&step); route != nullptr && route->spec.destination.length() == 16) {
      EXPECT_FALSE(route->spec.gateway);
    }
  }
}

TEST_F(PtpPlan, MtuFromConfigThenUplinkThenEthernet) {
  EXPECT_EQ(design_ptp({key, pod, settings, lease, facts}).veth.mtu->octets(), 1500U);
  facts.uplink_mtu = *Mtu::from(9001);
  EXPECT_EQ(design_ptp({key, pod, settings, lease, facts}).veth.mtu->octets(), 9001U);
  settings.mtu = *Mtu::from(1400);
  EXPECT_EQ(design_ptp({key, pod, settings, lease, facts}).veth.mtu->octets(), 1400U);
}

TEST_F(PtpPlan, A15_NoGatewayIsRefusedBeforeAnythingIsPlanned) {
  lease.addresses = {{*Prefix::parse("10.244.1.5/24"), std::nullopt}};
  EXPECT_THAT(lines(), ::testing::ElementsAre(HasSubstr("[ipam-no-gateway]")));
}

TEST_F(PtpPlan, Ipv6NeedsItsLeastMtu) {
  lease.addresses = {leased("fd00::5/64", "fd00::1")};
  settings.mtu = *Mtu::from(1279);
  EXPECT_THAT(lines(), ::testing::ElementsAre(HasSubstr("[bad-mtu]")));
}

TEST_F(PtpPlan, A16_WithoutIpamTheLinkIsUpAndBare) {
  lease = {};
  auto text = lines();
  EXPECT_THAT(text, Contains(HasSubstr("create veth")));
  EXPECT_THAT(text, Not(Contains(HasSubstr("address 1"))));
  EXPECT_THAT(text, Not(Contains(HasSubstr("route"))));
  EXPECT_THAT(text, Not(Contains(HasSubstr("forwarding"))));
}

}  // namespace
}  // namespace isthmus
