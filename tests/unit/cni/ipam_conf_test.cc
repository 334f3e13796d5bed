#include "cni_testing.h"
#include "plugin/cni/netconf.h"

namespace isthmus {
namespace {

using test::conf;
using test::embedded;
using test::ipam_of;
using test::settings_error;
using test::settings_of;

std::vector<std::string> subnets_of(const EmbeddedIpamConf& ipam) {
  std::vector<std::string> subnets;
  for (const RangeSet& set : ipam.sets) {
    std::string text;
    for (const IpRange& range : set)
      text += (text.empty() ? "" : " ") + range.subnet.text();
    subnets.push_back(text);
  }
  return subnets;
}

std::vector<std::string> texts_of(const std::vector<IpAddress>& addresses) {
  std::vector<std::string> texts;
  for (const IpAddress& address : addresses)
    texts.push_back(address.text());
  return texts;
}

TEST(IpamConf, HostLocalsKeys) {
  EmbeddedIpamConf ipam = ipam_of(embedded(
      R"("ranges":[[{"subnet":"10.1.0.0/24","rangeStart":"10.1.0.10","rangeEnd":"10.1.0.20","gateway":"10.1.0.254"},
      {"subnet":"10.2.0.0/24"}],[{"subnet":"fd00::/64"}]],
      "routes":[{"dst":"0.0.0.0/0"},{"dst":"10.9.0.0/16","gw":"10.1.0.5","mtu":1400,"table":0}],"resolvConf":"/etc/resolv.conf")"));
  EXPECT_EQ(subnets_of(ipam), (std::vector<std::string>{"10.1.0.0/24 10.2.0.0/24", "fd00::/64"}));
  EXPECT_EQ(ipam.sets[0][0].first.text(), "10.1.0.10");
  EXPECT_EQ(ipam.sets[0][0].last.text(), "10.1.0.20");
  EXPECT_EQ(ipam.sets[0][0].gateway.text(), "10.1.0.254");
  ASSERT_EQ(ipam.routes.size(), 2u);
  EXPECT_FALSE(ipam.routes[0].gateway.has_value());
  EXPECT_EQ(ipam.routes[1].gateway->text(), "10.1.0.5");
  EXPECT_EQ(ipam.routes[1].mtu, 1400u);
  EXPECT_EQ(ipam.routes[1].table, 0u);
  EXPECT_EQ(ipam.resolv_conf, "/etc/resolv.conf");
}

TEST(IpamConf, K07_CapabilityRangesThenLegacyThenRanges) {
  EmbeddedIpamConf ipam = ipam_of(embedded(
      R"("subnet":"10.1.0.0/24","rangeStart":"10.1.0.9","ranges":[[{"subnet":"10.2.0.0/24"}]])",
      R"("runtimeConfig":{"ipRanges":[[{"Subnet":"10.3.0.0/24","RangeStart":"10.3.0.7"}],[{"subnet":"fd00::/64"}]]})"));
  EXPECT_EQ(subnets_of(ipam), (std::vector<std::string>{"10.3.0.0/24", "fd00::/64", "10.1.0.0/24", "10.2.0.0/24"}));
  EXPECT_EQ(ipam.sets[0][0].first.text(), "10.3.0.7");
  EXPECT_EQ(ipam.sets[2][0].first.text(), "10.1.0.9");
}

TEST(IpamConf, K07_RequestedAddressesAddUp) {
  std::string members =
      embedded(R"("subnet":"10.1.0.0/24")",
               R"("runtimeConfig":{"ips":["10.1.0.5/24","10.1.0.6"]},"args":{"cni":{"ips":["10.1.0.7"]}})");
  EXPECT_EQ(texts_of(ipam_of(members, "IP=10.1.0.8,10.1.0.5;K8S_POD_NAME=x").requested),
            (std::vector<std::string>{"10.1.0.5", "10.1.0.6", "10.1.0.7", "10.1.0.8"}));
}

TEST(IpamConf, ExcludePerRangeAndForAll) {
  EmbeddedIpamConf ipam = ipam_of(embedded(
      R"("ranges":[[{"subnet":"10.1.0.0/24","exclude":["10.1.0.5"]}],[{"subnet":"fd00::/64"}]],"exclude":["10.1.0.16/28","fd00::7"])"));
  auto v4 = [](const char* text) { return *IpAddress::parse(text); };
  const IpRange& four = ipam.sets[0][0];
  EXPECT_EQ(four.exclude.size(), 2u);
  EXPECT_FALSE(four.allows(v4("10.1.0.5")));
  EXPECT_FALSE(four.allows(v4("10.1.0.20")));
  EXPECT_TRUE(four.allows(v4("10.1.0.6")));
  EXPECT_FALSE(ipam.sets[1][0].allows(v4("fd00::7")));
  EXPECT_TRUE(ipam.sets[1][0].allows(v4("fd00::8")));
}

TEST(IpamConf, S07_ErrorsNamePlaceKeyAndValue) {
  for (auto [members, part] : std::map<std::string, std::string>{
           {embedded(R"("ranges":[[{"subnet":"10.1.0.0/24"},{"subnet":"10.2.0.5/24"}]])"),
            "cannot use range 'ipam.ranges[0][1]': 'subnet' = '10.2.0.5/24' has host bits set, the network is "
            "10.2.0.0/24 [bad-range]"},
           {embedded(R"("ranges":[[{"subnet":"10.1.0.0/24"}],[{"subnet":7}]])"),
            "cannot use 'ipam.ranges[1][0].subnet': expected a string, found the number 7 [bad-config]"},
           {embedded(R"("subnet":"10.1.0.1/24")"), "range 'ipam': 'subnet' = '10.1.0.1/24'"},
           {embedded(R"("rangeStart":"10.1.0.1")"), "'ipam.rangeStart': there is no 'ipam.subnet'"},
           {embedded(R"("ranges":[])"), "'ipam.ranges': no address range is given"},
           {embedded(R"("ranges":[[]])"), "set 0 has no range"},
           {embedded(R"("ranges":[{"subnet":"10.1.0.0/24"}])"), "'ipam.ranges[0]': expected a list, found an object"},
           {embedded(R"("subnet":"10.1.0.0/24","ranges":[[{"subnet":"10.1.0.0/16"}]])"), "overlaps"},
           {embedded(R"("subnet":"10.1.0.0/24","exclude":["x"])"), "'ipam.exclude': 'x' is neither"},
           {embedded(R"("subnet":"10.1.0.0/24","routes":[{"dst":"10.0.0.1"}])"), "'ipam.routes[0].dst' = '10.0.0.1'"},
           {embedded(R"("subnet":"10.1.0.0/24","routes":[{"dst":"::/0","gw":"10.1.0.1"}])"), "'ipam.routes[0].gw'"},
           {embedded(R"("subnet":"10.1.0.0/24","resolvConf":"resolv.conf")"), "'ipam.resolvConf': 'resolv.conf'"},
           {embedded(R"("subnet":"10.1.0.0/24")", R"("runtimeConfig":{"ips":["10.1.0"]})"),
            "'runtimeConfig.ips' = '10.1.0'"},
           {embedded(R"("subnet":"10.1.0.0/24")", R"("runtimeConfig":{"ipRanges":[[{"subnet":"10.1.0.0"}]]})"),
            "range 'runtimeConfig.ipRanges[0][0]': 'subnet' = '10.1.0.0'"}}) {
    CniError error = settings_error(members);
    EXPECT_EQ(error.code, 7u) << error.msg;
    EXPECT_NE(error.msg.find(part), std::string::npos) << error.msg;
    EXPECT_NE(error.msg.find("network 'pods'"), std::string::npos) << error.msg;
  }
}

TEST(IpamConf, RangesMayComeByCapabilityOnly) {
  std::string members = embedded(R"("routes":[])", R"("capabilities":{"ipRanges":true})");
  EXPECT_TRUE(settings_of(members, Verb::status));
  EXPECT_TRUE(settings_of(members, Verb::gc));
  EXPECT_FALSE(settings_of(members, Verb::add));
}

}  // namespace
}  // namespace isthmus
