// A04-A12: what the result of ADD says, and that the kernel agrees.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/e2e/conformance/harness.h"

namespace isthmus::test {
namespace {

TEST_F(Conformance, A04_InterfacesListBothEnds) {
  shell("ln -s /run/netns/pod /run/by-link");
  for (const char* path : {"/run/netns/pod", "/var/run/netns/pod", "/run//netns/../netns/pod", "/run/by-link"}) {
    if (!exists(path)) continue;
    Json result = result_of(call("ADD", conf()).netns(path).run());
    ASSERT_EQ(result["interfaces"].size(), 2U) << result;
    const Json& host = result["interfaces"][0];
    const Json& container = result["interfaces"][1];
    EXPECT_TRUE(host.value("sandbox", "").empty()) << result;
    EXPECT_EQ(container.value("sandbox", ""), path);
    EXPECT_EQ(container.value("name", ""), "eth0");
    EXPECT_FALSE(host_link(host.value("name", "?")).is_null());
    EXPECT_TRUE(succeeded(call("DEL", conf()).netns(path).run()));
  }
}

TEST_F(Conformance, A05_A06_AddressesBelongToTheContainersInterface) {
  FakePlugin fake("fake");
  fake.answers("ADD", {{"ips", Json::array({{{"address", "10.9.0.9/24"}, {"gateway", "10.9.0.1"}},
                                            {{"address", "fd00:9::9/64"}, {"gateway", "fd00:9::1"}},
                                            {{"address", "10.8.0.8/24"}, {"gateway", "10.8.0.1"}}})}});
  for (const Json& with : {conf(), dual_stack_conf(), delegated_conf("fake")}) {
    Json result = add(with);
    ASSERT_FALSE(result["ips"].empty());
    for (const Json& ip : result["ips"]) {
      std::size_t index = ip.value("interface", std::size_t{99});
      ASSERT_LT(index, result["interfaces"].size()) << result;
      EXPECT_EQ(result["interfaces"][index].value("name", ""), "eth0");
    }
    EXPECT_TRUE(succeeded(run("DEL", with)));
  }
  Json ordered = add(delegated_conf("fake"));
  ASSERT_EQ(ordered["ips"].size(), 3U) << "pod addresses only: " << ordered;
  const std::vector<std::string> order = {"10.9.0.9/", "fd00:9::9/", "10.8.0.8/"};
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_THAT(ordered["ips"][i].value("address", ""), testing::StartsWith(order[i]));
}

TEST_F(Conformance, A07_MacAndMtuAreTheFinalOnes) {
  for (int mtu : {0, 1400, 9000}) {
    Json with = conf();
    if (mtu != 0) with["mtu"] = mtu;
    Json result = add(with);
    for (const Json& interface : result["interfaces"]) {
      const bool inside = interface.contains("sandbox");
      const std::string name = interface.value("name", "");
      Json link = inside ? link_in("pod", name) : host_link(name);
      EXPECT_EQ(interface.value("mac", ""), link.value("address", "?"));
      EXPECT_THAT(interface.value("mac", ""), testing::MatchesRegex("([0-9a-f][0-9a-f]:)+[0-9a-f][0-9a-f]"));
      EXPECT_EQ(interface.value("mtu", 0), link.value("mtu", -1));
      if (mtu != 0) {
        EXPECT_EQ(interface.value("mtu", 0), mtu);
      }
    }
    EXPECT_TRUE(succeeded(run("DEL", with)));
  }
}

TEST_F(Conformance, A08_RoutesAreInstalledAndReturnedAsGiven) {
  const Json routes = Json::array({{{"dst", "0.0.0.0/0"}},
                                   {{"dst", "172.20.0.0/16"}, {"gw", "10.9.0.1"}},
                                   {{"dst", "172.21.0.0/16"}, {"mtu", 1300}, {"advmss", 1200}, {"priority", 77}},
                                   {{"dst", "172.22.0.0/16"}, {"table", 100}},
                                   {{"dst", "172.23.0.0/16"}, {"scope", 253}},
                                   {{"dst", "fd00:77::/48"}, {"mtu", 1320}, {"priority", 88}}});
  FakePlugin fake("fake");
  fake.answers("ADD", {{"cniVersion", "1.1.0"},
                       {"ips", Json::array({{{"address", "10.9.0.2/24"}, {"gateway", "10.9.0.1"}},
                                            {{"address", "fd00:9::2/64"}, {"gateway", "fd00:9::1"}}})},
                       {"routes", routes}});
  Json result = add(delegated_conf("fake"));
  for (const Json& route : routes) {
    const Json returned = find_route(result["routes"], route["dst"]);
    for (const auto& [key, value] : route.items())
      EXPECT_EQ(returned.value(key, Json()), value) << result["routes"];
  }
  const Json main = routes_in("pod", "-4");
  EXPECT_EQ(find_route(main, "default").value("gateway", ""), "10.9.0.1") << main;
  EXPECT_EQ(find_route(main, "172.20.0.0/16").value("gateway", ""), "10.9.0.1") << main;
  const Json tuned = find_route(main, "172.21.0.0/16");
  EXPECT_EQ(tuned.value("metric", 0), 77) << tuned;
  EXPECT_EQ(tuned["metrics"][0].value("mtu", 0), 1300) << tuned;
  EXPECT_EQ(tuned["metrics"][0].value("advmss", 0), 1200) << tuned;
  EXPECT_FALSE(find_route(routes_in("pod", "-4", "100"), "172.22.0.0/16").is_null());
  EXPECT_TRUE(find_route(main, "172.22.0.0/16").is_null());
  const Json on_link = find_route(main, "172.23.0.0/16");
  EXPECT_EQ(on_link.value("scope", ""), "link") << main;
  EXPECT_FALSE(on_link.contains("gateway")) << main;
  const Json v6 = find_route(routes_in("pod", "-6"), "fd00:77::/48");
  EXPECT_EQ(v6.value("gateway", ""), "fd00:9::1") << v6;
  EXPECT_EQ(v6.value("metric", 0), 88) << v6;
}

TEST_F(Conformance, A08_EmbeddedIpamGivesRoutesToo) {
  Json with = conf();
  with["ipam"]["routes"] =
      Json::array({{{"dst", "172.20.0.0/16"}, {"priority", 5}}, {{"dst", "0.0.0.0/0"}, {"mtu", 1280}}});
  Json result = add(with);
  EXPECT_EQ(find_route(result["routes"], "172.20.0.0/16").value("priority", 0), 5);
  EXPECT_EQ(find_route(routes_in("pod", "-4"), "172.20.0.0/16").value("metric", 0), 5);
  EXPECT_EQ(find_route(routes_in("pod", "-4"), "default")["metrics"][0].value("mtu", 0), 1280);
}

TEST_F(Conformance, A09_OwnDnsReplacesTheIpams) {
  FakePlugin fake("fake");
  fake.answers("ADD", {{"ips", Json::array({{{"address", "10.9.0.2/24"}, {"gateway", "10.9.0.1"}}})},
                       {"dns", {{"nameservers", {"10.9.0.53"}}, {"domain", "ipam.example"}}}});
  for (const Json& empty : {Json(), Json::object(), Json{{"nameservers", Json::array()}}}) {
    Json with = delegated_conf("fake");
    if (!empty.is_null()) with["dns"] = empty;
    Json passed = add(with);
    EXPECT_EQ(passed["dns"], (Json{{"nameservers", {"10.9.0.53"}}, {"domain", "ipam.example"}}));
    EXPECT_TRUE(succeeded(run("DEL", with)));
  }
  Json own = delegated_conf("fake");
  own["dns"] = {{"nameservers", {"192.0.2.53"}}, {"search", {"a.example"}}};
  EXPECT_EQ(add(own)["dns"], (Json{{"nameservers", {"192.0.2.53"}}, {"search", {"a.example"}}}));
}

TEST_F(Conformance, A10_PrevResultIsExtended) {
  const Json prev = {{"cniVersion", newest_version()},
                     {"interfaces", Json::array({{{"name", "br7"}, {"mac", "02:00:00:00:00:07"}},
                                                 {{"name", "net7"}, {"sandbox", "/run/netns/pod"}}})},
                     {"ips", Json::array({{{"address", "192.0.2.7/24"}, {"gateway", "192.0.2.1"}, {"interface", 1}}})},
                     {"routes", Json::array({{{"dst", "198.51.100.0/24"}, {"gw", "192.0.2.1"}}})},
                     {"dns", {{"nameservers", {"192.0.2.53"}}}}};
  const Json chained = with_prev(conf(), prev);
  Json result = add(chained);
  ASSERT_EQ(result["interfaces"].size(), 4U) << result;
  EXPECT_EQ(result["interfaces"][0], prev["interfaces"][0]);
  EXPECT_EQ(result["interfaces"][1], prev["interfaces"][1]);
  EXPECT_EQ(result["interfaces"][3].value("name", ""), "eth0");
  ASSERT_EQ(result["ips"].size(), 2U) << result;
  EXPECT_EQ(result["ips"][0], prev["ips"][0]);
  EXPECT_EQ(result["ips"][1].value("interface", -1), 3);
  EXPECT_EQ(find_route(result["routes"], "198.51.100.0/24"), prev["routes"][0]);
  EXPECT_FALSE(find_route(result["routes"], "0.0.0.0/0").is_null());
  EXPECT_EQ(result["dns"]["nameservers"], Json::array({"192.0.2.53"}));
  // Only what is ours is looked after.
  EXPECT_TRUE(succeeded(run("CHECK", with_prev(conf(), result))));
  EXPECT_TRUE(find_route(routes_in("pod", "-4"), "198.51.100.0/24").is_null());
}

TEST_F(Conformance, A11_Ipv6IsTurnedOnAndNeverTentative) {
  for (const char* scope : {"all", "default"})
    shell(std::string("ip netns exec pod sh -c 'echo 1 > /proc/sys/net/ipv6/conf/") + scope + "/disable_ipv6'");
  Outcome outcome = run("ADD", dual_stack_conf());
  Json result = result_of(outcome);
  EXPECT_EQ(shell("ip -n pod -6 addr show tentative"), "");
  EXPECT_EQ(shell("ip -n pod -6 addr show dadfailed"), "");
  EXPECT_LT(outcome.ms, 1000) << "waited for duplicate address detection";
  const std::string v6 = result["ips"][1]["address"];
  EXPECT_TRUE(addresses_in("pod", "eth0").contains(v6.substr(0, v6.find('/')) + "/128"));
  EXPECT_TRUE(reaches("", v6.substr(0, v6.find('/'))));
  EXPECT_TRUE(reaches("pod", "fd00:244:1::1"));
}

}  // namespace
}  // namespace isthmus::test
