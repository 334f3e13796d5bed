#include "plugin/verbs/merge_result.h"

#include <gtest/gtest.h>

namespace isthmus {
namespace {

Design own_part() {
  return {.veth = {.host_name = *IfName::parse("ist1"),
                   .host_mac = *MacAddress::parse("02:00:00:00:00:01"),
                   .container_name = *IfName::parse("eth0"),
                   .container_mac = *MacAddress::parse("02:00:00:00:00:02"),
                   .mtu = *Mtu::from(1500)},
          .addresses = {{*Prefix::parse("10.1.0.5/32"), *IpAddress::parse("10.1.0.1")}},
          .routes = {{.destination = *Prefix::parse("0.0.0.0/0")}}};
}

TEST(MergeResult, A04_A05_BothEndsAndAnIndexThatPointsInside) {
  auto result = merge_result(std::nullopt, own_part(), {}, "/run/netns/x");
  ASSERT_EQ(result.interfaces.size(), 2U);
  EXPECT_EQ(result.interfaces[0].sandbox, "");
  EXPECT_EQ(result.interfaces[1].sandbox, "/run/netns/x");
  ASSERT_EQ(result.ips.size(), 1U);
  EXPECT_EQ(result.ips[0].interface, 1);
  EXPECT_EQ(result.ips[0].address.text(), "10.1.0.5/32");
}

TEST(MergeResult, A10_PreviousPartIsKeptAndIndexesAreShifted) {
  CniResult previous;
  previous.interfaces = {{.name = "dummy0"}};
  previous.ips = {{*Prefix::parse("10.9.0.1/24"), std::nullopt, 0}};
  previous.routes = {{.destination = *Prefix::parse("10.9.0.0/16")}};
  previous.dns.nameservers = {"192.0.2.1"};
  auto result = merge_result(previous, own_part(), {}, "/run/netns/x");
  ASSERT_EQ(result.interfaces.size(), 3U);
  EXPECT_EQ(result.interfaces[0].name, "dummy0");
  ASSERT_EQ(result.ips.size(), 2U);
  EXPECT_EQ(result.ips[0].interface, 0);
  EXPECT_EQ(result.ips[1].interface, 2);
  EXPECT_EQ(result.routes.size(), 2U);
  EXPECT_EQ(result.dns.nameservers, previous.dns.nameservers);
}

TEST(MergeResult, A09_OwnDnsReplacesThatOfTheChain) {
  CniResult previous;
  previous.dns.nameservers = {"192.0.2.1"};
  CniDns own;
  own.nameservers = {"192.0.2.2"};
  EXPECT_EQ(merge_result(previous, own_part(), own, "/run/netns/x").dns.nameservers, own.nameservers);
}

TEST(MergeResult, A04_TheBridgeComesFirst) {
  Design own = own_part();
  own.bridge = BridgeSpec{*IfName::parse("cni0"), *MacAddress::parse("02:00:00:00:00:09")};
  auto result = merge_result(std::nullopt, own, {}, "/run/netns/x");
  ASSERT_EQ(result.interfaces.size(), 3U);
  EXPECT_EQ(result.interfaces[0].name, "cni0");
  EXPECT_EQ(result.interfaces[0].mac, "02:00:00:00:00:09");
  EXPECT_EQ(result.ips[0].interface, 2);
}

}  // namespace
}  // namespace isthmus
