#include <gmock/gmock.h>

#include <algorithm>

#include "netlink/address.h"
#include "netlink/neighbour.h"
#include "netlink/route.h"
#include "tests/netns/netlink/two_sides.h"

namespace isthmus::test {
namespace {

using ::testing::HasSubstr;

class AddressRoute : public TwoSides {
 protected:
  void SetUp() override {
    TwoSides::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    index_ = live_veth().container;
  }
  Status assign(const AddressSpec& spec) {
    Batch batch;
    add_address(batch, index_, "eth0", spec);
    return inside_->commit(std::move(batch));
  }
  Status add(const RouteSpec& spec, bool replace = false) {
    Batch batch;
    add_route(batch, index_, "eth0", spec, replace);
    return inside_->commit(std::move(batch));
  }
  // The one route with that destination, as `ip` shows it.
  nlohmann::json shown(const std::string& destination, const std::string& family = "") {
    auto routes = ip_json(family + " route show table all", "web");
    nlohmann::json found;
    for (const auto& route : routes) {
      if (route["dst"] == destination && route["protocol"] == "73") {
        EXPECT_TRUE(found.is_null()) << "twice: " << destination;
        found = route;
      }
    }
    EXPECT_FALSE(found.is_null()) << destination << " in " << routes;
    return found;
  }
  int index_ = 0;
};

TEST_F(AddressRoute, AddressesAreUsableAtOnce) {
  ASSERT_TRUE(assign({prefix("10.1.2.3/32")}));
  ASSERT_TRUE(assign({prefix("10.7.0.5/24")}));
  ASSERT_TRUE(assign({prefix("fd00::5/64"), false}));
  auto found = list_addresses(*inside_, index_);
  ASSERT_TRUE(found) << found.error().text();
  std::erase_if(*found, [](const AddressInfo& a) { return a.prefix.text().starts_with("fe80"); });
  ASSERT_EQ(found->size(), 3u);
  for (const auto& address : *found) {
    EXPECT_FALSE(address.tentative || address.dad_failed) << address.prefix.text();
    EXPECT_EQ(address.ifindex, index_);
  }
  EXPECT_EQ((*found)[0].prefix, prefix("10.1.2.3/32"));
  EXPECT_EQ((*found)[2].prefix, prefix("fd00::5/64"));
  std::string text = shell("ip -n web addr show dev eth0");
  EXPECT_THAT(text, HasSubstr("inet 10.7.0.5/24 brd 10.7.0.255"));
  EXPECT_THAT(text, HasSubstr("fd00::5/64 scope global nodad noprefixroute"));
  EXPECT_TRUE(list_addresses(*inside_, 1)->empty());
  auto absent = list_addresses(*inside_, 4711);
  ASSERT_TRUE(absent) << absent.error().text();
  EXPECT_TRUE(absent->empty());
}

TEST_F(AddressRoute, AddressTwiceIsEexist) {
  for (const char* text : {"10.1.2.3/32", "fd00::5/128"}) {
    ASSERT_TRUE(assign({prefix(text)}));
    auto again = assign({prefix(text)});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().err, EEXIST);
    EXPECT_THAT(again.error().text(), HasSubstr("cannot add address '" + std::string(text) + "' to 'eth0'"));
  }
}

TEST_F(AddressRoute, RoutesCarryAllTheirParts) {
  ASSERT_TRUE(assign({prefix("10.1.2.3/32")}));
  ASSERT_TRUE(assign({prefix("fd00::5/128")}));
  ASSERT_TRUE(add(RouteSpec{prefix("10.1.0.1/32"), {}}));
  RouteSpec rich{prefix("172.16.9.9/12"), ip("10.1.0.1")};
  rich.mtu = 1400;
  rich.advmss = 1360;
  rich.priority = 77;
  rich.table = 1000;
  rich.onlink = true;  // the route to the gateway is in another table
  ASSERT_TRUE(add(rich));
  auto link_scope = shown("10.1.0.1");
  EXPECT_EQ(link_scope["scope"], "link");
  EXPECT_EQ(link_scope["dev"], "eth0");
  EXPECT_FALSE(link_scope.contains("gateway"));
  auto route = shown("172.16.0.0/12");
  EXPECT_EQ(route["gateway"], "10.1.0.1");
  EXPECT_EQ(route["table"], "1000");
  EXPECT_EQ(route["metric"], 77);
  EXPECT_EQ(route["metrics"][0]["mtu"], 1400);
  EXPECT_EQ(route["metrics"][0]["advmss"], 1360);
  RouteSpec six{prefix("::/0"), ip("fd00::1")};
  six.onlink = true;
  six.mtu = 1300;
  six.table = 200;
  ASSERT_TRUE(add(six));
  auto shown_six = shown("default", "-6");
  EXPECT_EQ(shown_six["gateway"], "fd00::1");
  EXPECT_EQ(shown_six["table"], "200");
  EXPECT_EQ(shown_six["metrics"][0]["mtu"], 1300);
}

TEST_F(AddressRoute, ScopeTableAndMixedFamilies) {
  ASSERT_TRUE(assign({prefix("10.1.2.3/32")}));
  RouteSpec host_scope{prefix("192.168.1.0/24"), {}};
  host_scope.scope = 200;
  host_scope.table = 255;  // the largest that fits the header
  ASSERT_TRUE(add(host_scope));
  EXPECT_EQ(shown("192.168.1.0/24")["scope"], "site");
  EXPECT_EQ(shown("192.168.1.0/24")["table"], "local");
  RouteSpec via_v6{prefix("192.168.2.0/24"), ip("fe80::1")};
  ASSERT_TRUE(add(via_v6));
  EXPECT_EQ(shown("192.168.2.0/24")["via"]["host"], "fe80::1");
  auto listed = list_routes(*inside_);
  ASSERT_TRUE(listed);
  auto found = std::ranges::find(*listed, prefix("192.168.2.0/24"), &RouteInfo::destination);
  ASSERT_NE(found, listed->end());
  EXPECT_EQ(found->gateway, ip("fe80::1"));
}

TEST_F(AddressRoute, RouteTwiceIsEexistAndReplaceReplaces) {
  RouteSpec route{prefix("192.168.1.0/24"), {}};
  ASSERT_TRUE(add(route));
  auto again = add(route);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().err, EEXIST);
  route.mtu = 1200;
  ASSERT_TRUE(add(route, true));
  EXPECT_EQ(shown("192.168.1.0/24")["metrics"][0]["mtu"], 1200);
}

TEST_F(AddressRoute, ListsUnicastRoutesOfAllTables) {
  ASSERT_TRUE(assign({prefix("10.1.2.3/24")}));
  ASSERT_TRUE(assign({prefix("fd00::5/64")}));
  RouteSpec other{prefix("0.0.0.0/0"), ip("10.1.2.1")};
  other.table = 70000;
  ASSERT_TRUE(add(other));
  shell("ip -n web route add blackhole 10.99.0.0/16");
  auto routes = list_routes(*inside_);
  ASSERT_TRUE(routes) << routes.error().text();
  auto count = [&](const Prefix& destination, std::uint32_t table) {
    return std::ranges::count_if(*routes,
                                 [&](const RouteInfo& r) { return r.destination == destination && r.table == table; });
  };
  EXPECT_EQ(count(prefix("10.1.2.0/24"), 254), 1);
  EXPECT_EQ(count(prefix("0.0.0.0/0"), 70000), 1);
  EXPECT_EQ(count(prefix("fd00::/64"), 254), 1);
  EXPECT_EQ(count(prefix("10.99.0.0/16"), 254), 0);
  for (const auto& route : *routes)
    EXPECT_NE(route.table, 255u) << route.destination.text();
  auto found = std::ranges::find(*routes, 70000u, &RouteInfo::table);
  EXPECT_EQ(found->gateway, ip("10.1.2.1"));
  EXPECT_EQ(found->out_ifindex, index_);
  EXPECT_EQ(found->protocol, kRouteProtocol);
}

TEST_F(AddressRoute, OutgoingLink) {
  EXPECT_EQ(*outgoing_link(*inside_, ip("8.8.8.8")), std::nullopt);
  EXPECT_EQ(*outgoing_link(*inside_, ip("2001:db8::1")), std::nullopt);
  ASSERT_TRUE(assign({prefix("10.1.2.3/24")}));
  ASSERT_TRUE(assign({prefix("fd00::5/64")}));
  ASSERT_TRUE(add(RouteSpec{prefix("0.0.0.0/0"), ip("10.1.2.1")}));
  ASSERT_TRUE(add(RouteSpec{prefix("::/0"), ip("fd00::1")}));
  EXPECT_EQ(*outgoing_link(*inside_, ip("8.8.8.8")), index_);
  EXPECT_EQ(*outgoing_link(*inside_, ip("2001:db8::1")), index_);
  shell(
      "ip -n web route add unreachable 10.97.0.0/16 && ip -n web route add prohibit 10.98.0.0/16 && "
      "ip -n web route add blackhole 10.99.0.0/16 && ip -n web route add unreachable fd99::/64");
  for (const char* nowhere : {"10.97.0.1", "10.98.0.1", "10.99.0.1", "fd99::1"}) {
    auto link = outgoing_link(*inside_, ip(nowhere));
    ASSERT_TRUE(link) << link.error().text();
    EXPECT_EQ(*link, std::nullopt) << nowhere;
  }
}

TEST_F(AddressRoute, Neighbours) {
  for (const char* address : {"10.1.0.1", "fd00::1"}) {
    auto correct = [&] { return correct_neighbour(*inside_, index_, "eth0", {ip(address), mac("02:00:00:00:00:0a")}); };
    ASSERT_TRUE(correct());
    EXPECT_EQ(shell("ip -n web neigh show dev eth0"), "") << "nothing is known, and nothing is added";
    shell("ip -n web neigh add " + std::string(address) + " dev eth0 lladdr 02:00:00:00:00:09 nud stale");
    ASSERT_TRUE(correct());
    EXPECT_THAT(shell("ip -n web neigh show dev eth0"),
                HasSubstr(std::string(address) + " lladdr 02:00:00:00:00:0a REACHABLE"));
    EXPECT_TRUE(delete_neighbour(*inside_, {index_, ip(address)}));
    EXPECT_TRUE(delete_neighbour(*inside_, {index_, ip(address)}));
    EXPECT_TRUE(delete_neighbour(*inside_, {4711, ip(address)}));
  }
  EXPECT_EQ(shell("ip -n web neigh show nud reachable dev eth0"), "");
}

}  // namespace
}  // namespace isthmus::test
