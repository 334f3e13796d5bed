// C: CHECK compares the world with prevResult and changes nothing.
#include <gmock/gmock.h>

#include "tests/e2e/conformance/harness.h"

namespace isthmus::test {
namespace {

using testing::HasSubstr;

// Runs `damage` in a shell after an ADD, expects CHECK to fail with a text that has `named`, and takes all away.
void expect_noticed(const Json& conf, const std::string& damage, const std::string& named) {
  Json result = result_of(Call("ADD", conf).run());
  shell("H=" + host_end_of(result) + "; A=" + address_of(result) + "; " + damage);
  Outcome outcome = Call("CHECK", with_prev(conf, result)).run();
  EXPECT_TRUE(failed(outcome)) << damage;
  std::string expected = named == "$H" ? host_end_of(result) : named == "$A" ? address_of(result) : named;
  EXPECT_THAT(error_text(outcome), HasSubstr(expected)) << damage;
  EXPECT_TRUE(succeeded(Call("DEL", conf).run())) << damage;
}

void expect_tolerated(const Json& conf, const std::string& change) {
  Json result = result_of(Call("ADD", conf).run());
  shell("H=" + host_end_of(result) + "; A=" + address_of(result) + "; " + change);
  EXPECT_TRUE(succeeded(Call("CHECK", with_prev(conf, result)).run())) << change;
  EXPECT_TRUE(succeeded(Call("DEL", conf).run())) << change;
}

TEST_F(Conformance, C01_CheckRightAfterAddSucceeds) {
  for (const char* version : {"0.4.0", "1.0.0", "1.1.0"}) {
    for (const Json& with : {conf(version), dual_stack_conf(version)}) {
      for (int i = 0; i < 5; ++i) {
        Json result = add(with);
        EXPECT_TRUE(succeeded(run("CHECK", with_prev(with, result)))) << version;
        EXPECT_TRUE(succeeded(run("DEL", with)));
      }
    }
  }
}

TEST_F(Conformance, C02_CheckWithoutPrevResultIsCode7) {
  add(conf());
  EXPECT_TRUE(failed_with(7, run("CHECK", conf())));
  EXPECT_TRUE(failed_with(7, run("CHECK", with_prev(conf(), nullptr))));
}

TEST_F(Conformance, C03_MissingOrWrongLinkIsNamed) {
  expect_noticed(conf(), "ip -n pod link del eth0", "eth0");
  expect_noticed(conf(), "ip -n pod link set eth0 down", "eth0");
  expect_noticed(conf(), "ip -n pod link set eth0 address 02:00:00:00:00:99", "02:00:00:00:00:99");
  expect_noticed(conf(), "ip -n pod addr flush dev eth0", "$A");
  expect_noticed(dual_stack_conf(), "ip -n pod -6 addr flush dev eth0 scope global", "fd00:244:1:");
  expect_noticed(conf(), "ip -n pod link del eth0; ip -n pod link add eth0 type veth peer name peer0", "eth0");
}

TEST_F(Conformance, C03_WrongNetnsIsNoticed) {
  make_pod("other");
  Json result = add(conf());
  for (const char* name : {"other", "absent"}) {
    Outcome outcome = call("CHECK", with_prev(conf(), result)).pod(name).run();
    EXPECT_TRUE(failed(outcome)) << name;
    EXPECT_THAT(error_text(outcome), HasSubstr(name));
  }
  Json moved = result;
  for (Json& interface : moved["interfaces"])
    if (interface.contains("sandbox")) interface["sandbox"] = "/run/netns/elsewhere";
  EXPECT_TRUE(failed(run("CHECK", with_prev(conf(), moved))));
}

TEST_F(Conformance, C04_MissingRouteIsNamed) {
  Json with = conf();
  with["ipam"]["routes"] = Json::array({{{"dst", "0.0.0.0/0"}}, {{"dst", "172.20.0.0/16"}}});
  expect_noticed(with, "ip -n pod route del 172.20.0.0/16", "172.20.0.0/16");
  expect_noticed(with, "ip -n pod route del default", "0.0.0.0/0");
  // A route given without "gw" is known by its destination, however it leads.
  expect_tolerated(with, "ip -n pod route replace 172.20.0.0/16 dev eth0");
}

TEST_F(Conformance, C05_WhatLaterPluginsDoIsTolerated) {
  Json with = conf();
  with["ipam"]["routes"] = Json::array({{{"dst", "0.0.0.0/0"}}, {{"dst", "172.20.0.0/16"}}});
  expect_tolerated(with,
                   "ip -n pod route del 172.20.0.0/16; ip -n pod route add 172.20.0.0/16 via 10.244.1.1 table 100");
  expect_tolerated(with, "ip -n pod route add 172.30.0.0/16 via 10.244.1.1");
  expect_tolerated(with, "ip -n pod link set eth0 mtu 1300");
  expect_tolerated(with,
                   "ip -n pod addr add 192.0.2.9/24 dev eth0; ip -n pod link add more0 type veth peer name more1");
  // tuning changes the MAC and says so in the result; others add entries of their own.
  Json result = add(with);
  shell("ip -n pod link set eth0 address 02:00:00:00:00:99");
  for (Json& interface : result["interfaces"])
    if (interface.contains("sandbox")) interface["mac"] = "02:00:00:00:00:99";
  result["interfaces"].push_back({{"name", "ifb7"}, {"mac", "02:00:00:00:00:07"}});
  result["interfaces"].push_back({{"name", "net7"}, {"sandbox", "/run/netns/pod"}});
  result["ips"].push_back({{"address", "198.51.100.7/24"}, {"interface", result["interfaces"].size() - 1}});
  result["routes"].push_back({{"dst", "203.0.113.0/24"}, {"gw", "198.51.100.1"}});
  EXPECT_TRUE(succeeded(run("CHECK", with_prev(with, result))));
}

TEST_F(Conformance, C06_RewrittenHostMacIsTolerated) {
  expect_tolerated(conf(), "ip link set $H address 02:00:00:00:00:98");
}

TEST_F(Conformance, C07_DamageOnTheHostIsNoticed) {
  expect_noticed(conf(), "ip link del $H", "");
  expect_noticed(conf(), "ip link set $H down", "$H");
  expect_noticed(conf(), "ip route del $A", "$A");
}

TEST_F(Conformance, C08_IpamCheckIsAskedAndPassedOn) {
  FakePlugin fake("fake");
  fake.leases("10.9.0.2/24", "10.9.0.1");
  const Json with = delegated_conf("fake");
  const Json checked = with_prev(with, add(with));
  EXPECT_TRUE(succeeded(run("CHECK", checked)));
  EXPECT_EQ(fake.count("CHECK"), 1U);
  fake.fails("CHECK", 124, "the lease is gone", "ask again");
  Json error = error_of(run("CHECK", checked));
  EXPECT_EQ(error["code"], 124);
  EXPECT_EQ(error["msg"], "the lease is gone");
  EXPECT_EQ(error.value("details", ""), "ask again");
  EXPECT_TRUE(succeeded(run("DEL", with)));
  // The embedded store looks after its leases as well.
  expect_noticed(conf(), "rm /run/isthmus/networks/net1/leases/$A", "$A");
}

TEST_F(Conformance, C09_PrevResultWithoutVersionIsReadAsTheConfigurations) {
  for (const char* version : {"0.4.0", "1.0.0", "1.1.0"}) {
    Json result = add(conf(version));
    result.erase("cniVersion");
    EXPECT_TRUE(succeeded(run("CHECK", with_prev(conf(version), result)))) << version;
    EXPECT_TRUE(succeeded(run("DEL", conf(version))));
  }
}

TEST_F(Conformance, C10_CheckChangesNothing) {
  Json result = add(dual_stack_conf());
  const Picture healthy = picture();
  EXPECT_TRUE(succeeded(run("CHECK", with_prev(dual_stack_conf(), result))));
  EXPECT_TRUE(nothing_changed_since(healthy));
  shell("ip -n pod link set eth0 down; ip route del " + address_of(result));
  const Picture damaged = picture();
  EXPECT_TRUE(failed(run("CHECK", with_prev(dual_stack_conf(), result))));
  EXPECT_TRUE(nothing_changed_since(damaged));
  // Without any state: not even the directory appears.
  EXPECT_TRUE(succeeded(run("DEL", dual_stack_conf())));
  shell("rm -rf /run/isthmus");
  EXPECT_TRUE(failed(run("CHECK", with_prev(dual_stack_conf(), result))));
  EXPECT_FALSE(exists(kStateDir));
}

}  // namespace
}  // namespace isthmus::test
