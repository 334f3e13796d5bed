// A01-A03, A13-A16: what ADD makes, refuses and takes back.
#include <gmock/gmock.h>

#include "tests/e2e/conformance/harness.h"

namespace isthmus::test {
namespace {

using testing::HasSubstr;

bool is_up(const Json& link) {
  for (const Json& flag : link.value("flags", Json::array()))
    if (flag == "UP") return true;
  return false;
}

TEST_F(Conformance, A01_InterfaceIsUpWithAddressesAndRoutes) {
  Json result = add(dual_stack_conf());
  EXPECT_TRUE(is_up(link_in("pod", "eth0")));
  EXPECT_TRUE(is_up(link_in("pod", "lo")));
  const std::string v4 = address_of(result);
  const std::string v6_prefix = result["ips"][1]["address"];
  const std::string v6 = v6_prefix.substr(0, v6_prefix.find('/'));
  EXPECT_EQ(addresses_in("pod", "eth0"), (std::set<std::string>{v4 + "/32", v6 + "/128"}));
  for (const auto& [family, gateway] :
       {std::pair<std::string, std::string>{"-4", "10.244.1.1"}, {"-6", "fd00:244:1::1"}}) {
    const Json routes = routes_in("pod", family);
    EXPECT_EQ(find_route(routes, "default").value("gateway", ""), gateway) << routes;
    Json to_gateway = find_route(routes, gateway);
    EXPECT_EQ(to_gateway.value("dev", ""), "eth0") << routes;
    EXPECT_FALSE(to_gateway.contains("gateway")) << routes;
  }
  for (const std::string& address : {v4, v6}) {
    Json to_pod = ip_json(std::string(address == v4 ? "-4" : "-6") + " route show " + address);
    ASSERT_EQ(to_pod.size(), 1U) << address;
    EXPECT_EQ(to_pod[0].value("dev", ""), host_end_of(result));
    EXPECT_TRUE(reaches("", address)) << address;
  }
  EXPECT_TRUE(reaches("pod", "10.244.1.1"));
  EXPECT_TRUE(reaches("pod", "fd00:244:1::1"));
}

TEST_F(Conformance, A01_TwoPodsReachEachOther) {
  make_pod("other");
  add(dual_stack_conf());
  Json other = add(dual_stack_conf(), "c2", "other");
  EXPECT_TRUE(reaches("pod", address_of(other)));
  const std::string v6 = other["ips"][1]["address"];
  EXPECT_TRUE(reaches("pod", v6.substr(0, v6.find('/'))));
}

TEST_F(Conformance, A02_ForeignInterfaceOfThatNameIsLeftAlone) {
  shell(
      "ip -n pod link add eth0 type veth peer name peer0; ip -n pod addr add 192.0.2.1/24 dev eth0; ip -n pod link set "
      "eth0 up");
  FakePlugin fake("fake");
  fake.leases("10.9.0.2/24", "10.9.0.1");
  const Picture before = picture();
  for (const Json& with : {conf(), dual_stack_conf(), delegated_conf("fake")}) {
    Outcome outcome = run("ADD", with);
    EXPECT_TRUE(failed(outcome));
    EXPECT_THAT(error_text(outcome), HasSubstr("eth0"));
    EXPECT_TRUE(nothing_changed_since(before));
  }
  EXPECT_TRUE(fake.calls().empty()) << "IPAM was asked although the name was taken";
}

TEST_F(Conformance, A03_SameIdAndIfnameAgainIsRefused) {
  Json first = add(conf());
  const Picture before = picture();
  EXPECT_TRUE(failed(run("ADD", conf())));
  EXPECT_TRUE(nothing_changed_since(before));
  // Also when the second comes with another namespace.
  make_pod("other");
  const Picture with_other = picture();
  EXPECT_TRUE(failed(call("ADD", conf()).pod("other").run()));
  EXPECT_TRUE(nothing_changed_since(with_other));
  EXPECT_TRUE(reaches("", address_of(first)));
  EXPECT_EQ(leases().size(), 1U);
}

TEST_F(Conformance, A03_SameIdWithAnotherIfnameWorks) {
  Json first = add(conf());
  Json second = result_of(call("ADD", conf()).ifname("eth1").run());
  EXPECT_NE(address_of(first), address_of(second));
  EXPECT_EQ(leases().size(), 2U);
  EXPECT_TRUE(reaches("", address_of(first)));
  EXPECT_TRUE(reaches("", address_of(second)));
  EXPECT_TRUE(succeeded(run("DEL", conf())));
  EXPECT_TRUE(reaches("", address_of(second)));
}

TEST_F(Conformance, A03_IfnamesOfOneNumberDoNotCollide) {
  std::vector<std::string> addresses;
  for (const char* ifname : {"eth1", "net1", "tun0", "data"})
    addresses.push_back(address_of(result_of(call("ADD", conf()).ifname(ifname).run())));
  for (const std::string& address : addresses)
    EXPECT_TRUE(reaches("", address));
}

// Answers of an IPAM that a later step must choke on.
std::vector<Json> poisoned_answers() {
  const Json ip = {{"address", "10.9.0.2/24"}, {"gateway", "10.9.0.1"}};
  auto with_route = [&](Json route) {
    return Json{{"cniVersion", "1.1.0"}, {"ips", Json::array({ip})}, {"routes", Json::array({std::move(route)})}};
  };
  return {with_route({{"dst", "172.20.0.0/16"}, {"scope", 255}}),
          with_route({{"dst", "172.20.0.0/16"}, {"gw", "127.0.0.1"}}),
          with_route({{"dst", "172.20.0.0/16"}, {"scope", 254}, {"gw", "10.9.0.1"}}),
          {{"cniVersion", "1.1.0"}, {"ips", Json::array({ip, ip})}}};
}

TEST_F(Conformance, A13_FailureAtAnyStepLeavesNothing) {
  make_pod("other");
  Json other = add(conf(), "other", "other");
  const Picture before = picture();
  FakePlugin fake("fake");
  for (const Json& answer : poisoned_answers()) {
    fake.answers("ADD", answer);
    EXPECT_TRUE(failed(run("ADD", delegated_conf("fake")))) << answer;
    EXPECT_EQ(fake.count("ADD"), fake.count("DEL")) << answer;
    EXPECT_TRUE(nothing_changed_since(before)) << answer;
  }
  // No privilege at all.
  Call powerless = call("ADD", conf());
  powerless.setup.without_net_admin = true;
  EXPECT_TRUE(failed(powerless.run()));
  EXPECT_TRUE(nothing_changed_since(before));
  EXPECT_TRUE(reaches("", address_of(other)));
}

TEST_F(Conformance, A13_FullOrReadOnlyStateDirectoryLeavesNothing) {
  shell(
      "mkdir /run/small /run/ro && mount -t tmpfs -o size=4k,nr_inodes=2 tmpfs /run/small && "
      "mount -t tmpfs -o ro tmpfs /run/ro");
  const Picture before = picture();
  for (const char* directory : {"/run/small", "/run/small/state", "/run/ro", "/run/ro/state", "/proc/isthmus"}) {
    for (Json with : {conf(), dual_stack_conf()}) {
      with["stateDir"] = directory;
      EXPECT_TRUE(failed(run("ADD", with))) << directory;
      EXPECT_TRUE(host_links().empty()) << directory;
      EXPECT_TRUE(link_in("pod", "eth0").is_null()) << directory;
    }
  }
  // Each amount of room in which an ADD gets a little further.
  for (int inodes = 3; inodes < 14; ++inodes) {
    const std::string room = "/run/room" + std::to_string(inodes);
    shell("mkdir " + room + " && mount -t tmpfs -o nr_inodes=" + std::to_string(inodes) + " tmpfs " + room);
    Json with = conf();
    with["stateDir"] = room;
    Outcome outcome = run("ADD", with);
    EXPECT_TRUE(outcome.status == 0 ? succeeded(outcome) : failed(outcome)) << inodes;
    // An ADD that had enough room is taken back by DEL, one that had not must have done it itself.
    if (outcome.status == 0) {
      EXPECT_TRUE(succeeded(run("DEL", with))) << inodes;
    }
    EXPECT_TRUE(host_links().empty()) << inodes;
    EXPECT_TRUE(link_in("pod", "eth0").is_null()) << inodes;
    EXPECT_TRUE(names_in(room + "/networks/net1/leases").empty()) << inodes;
    EXPECT_TRUE(names_in(room + "/networks/net1/attachments").empty()) << inodes;
    shell("umount " + room + "; rmdir " + room);
  }
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, A14_HostNameIsUniqueAndTakesOverNothing) {
  std::set<std::string> names;
  for (int i = 0; i < 20; ++i) {
    Json result = result_of(call("ADD", conf()).id("id" + std::to_string(i)).ifname("e" + std::to_string(i + 1)).run());
    const std::string name = host_end_of(result);
    EXPECT_LE(name.size(), 15U);
    EXPECT_FALSE(name.empty());
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 20U);
  // Somebody else has the name.
  const std::string taken = host_end_of(add(conf()));
  EXPECT_TRUE(succeeded(run("DEL", conf())));
  shell("ip link add " + taken + " address 02:00:00:00:00:01 type veth peer name peer0");
  Json result = add(conf());
  EXPECT_NE(host_end_of(result), taken);
  EXPECT_TRUE(reaches("", address_of(result)));
  EXPECT_TRUE(succeeded(run("DEL", conf())));
  EXPECT_EQ(host_link(taken).value("address", ""), "02:00:00:00:00:01") << "a foreign link was deleted";
}

TEST_F(Conformance, A15_PtpWithoutGatewayIsAClearError) {
  FakePlugin fake("fake");
  fake.leases("10.9.0.2/24", "");
  const Picture before = picture();
  Outcome outcome = run("ADD", delegated_conf("fake"));
  EXPECT_TRUE(failed(outcome));
  EXPECT_THAT(error_text(outcome), HasSubstr("gateway"));
  EXPECT_EQ(fake.count("DEL"), 1U);
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, A16_WithoutIpamTheLinkHasNoAddress) {
  const Picture before = picture();
  for (const std::string& version : kVersions) {
    Json l2 = conf(version);
    l2.erase("ipam");
    Outcome outcome = run("ADD", l2);
    if (version < "0.3.0") {
      EXPECT_TRUE(failed(outcome)) << version;
    } else {
      Json result = result_of(outcome);
      EXPECT_TRUE(result.value("ips", Json::array()).empty()) << version;
      EXPECT_EQ(result["interfaces"].size(), 2U) << version;
      EXPECT_TRUE(is_up(link_in("pod", "eth0"))) << version;
      EXPECT_TRUE(addresses_in("pod", "eth0").empty()) << version;
      if (version >= "0.4.0") {
        EXPECT_TRUE(succeeded(run("CHECK", with_prev(l2, result)))) << version;
      }
      EXPECT_TRUE(succeeded(run("DEL", l2))) << version;
    }
    EXPECT_TRUE(nothing_changed_since(before)) << version;
  }
}

}  // namespace
}  // namespace isthmus::test
