// K: capabilities, args and CNI_ARGS.
#include <gmock/gmock.h>

#include "tests/e2e/conformance/harness.h"

namespace isthmus::test {
namespace {

std::string mac_in_pod() { return link_in("pod", "eth0").value("address", ""); }

Json with_runtime(Json conf, const std::string& key, const Json& value) {
  conf["runtimeConfig"][key] = value;
  return conf;
}

TEST_F(Conformance, K01_KeysInEitherCaseAreUnderstood) {
  for (const auto& [servers, searches, options] :
       {std::tuple{"servers", "searches", "options"}, std::tuple{"Servers", "Searches", "Options"}}) {
    Json with =
        with_runtime(conf(), "dns", {{servers, {"192.0.2.53"}}, {searches, {"a.example"}}, {options, {"ndots:5"}}});
    Json result = add(with);
    EXPECT_EQ(result["dns"],
              (Json{{"nameservers", {"192.0.2.53"}}, {"search", {"a.example"}}, {"options", {"ndots:5"}}}));
    EXPECT_TRUE(succeeded(run("DEL", with)));
  }
  for (const auto& [subnet, start, end] :
       {std::tuple{"subnet", "rangeStart", "rangeEnd"}, std::tuple{"Subnet", "RangeStart", "RangeEnd"}}) {
    Json with = conf();
    with["ipam"].erase("subnet");
    with = with_runtime(
        with, "ipRanges",
        Json::array({Json::array({{{subnet, "10.66.0.0/24"}, {start, "10.66.0.50"}, {end, "10.66.0.51"}}})}));
    Json result = add(with);
    EXPECT_EQ(address_of(result).substr(0, 9), "10.66.0.5") << result;
    EXPECT_TRUE(succeeded(run("DEL", with)));
  }
  for (const char* key : {"mac", "Mac", "MAC"}) {
    Json with = with_runtime(conf(), key, "02:00:00:AA:bb:01");
    add(with);
    EXPECT_EQ(mac_in_pod(), "02:00:00:aa:bb:01") << key;
    EXPECT_TRUE(succeeded(run("DEL", with)));
  }
}

TEST_F(Conformance, K02_WhatWeDoNotImplementIsIgnored) {
  Json with = conf();
  with["runtimeConfig"] = {{"aliases", {{"net1", {"a"}}}},
                           {"bandwidth", {{"ingressRate", 4294967295U}, {"egressBurst", 34359738367U}}},
                           {"deviceID", "0000:00:00.0"},
                           {"infinibandGUID", "c2:11:22:33:44:55:66:77"},
                           {"io.kubernetes.cri.pod-annotations", {{"a", "b"}}},
                           {"cgroupPath", "/kubepods"},
                           {"zebra", {1, {{"x", nullptr}}}}};
  with["args"] = {{"cni", {{"labels", {{"not", "a list"}}}, {"sysctl", {1}}, {"zebra", 5}}}, {"cnitool", "x"}};
  add(with);
  EXPECT_TRUE(succeeded(run("DEL", with)));
  for (const Json& args : {Json(), Json::object(), Json{{"cni", nullptr}}, Json{{"zebra", 7}}}) {
    with["args"] = args;
    EXPECT_TRUE(succeeded(run("ADD", with))) << args;
    EXPECT_TRUE(succeeded(run("DEL", with))) << args;
  }
}

TEST_F(Conformance, K03_MalformedCapabilityIsCode7) {
  const Picture before = picture();
  for (const auto& [key, value] : std::vector<std::pair<std::string, Json>>{
           {"mac", "zebra"},
           {"mac", "02:00:00:00:00"},
           {"mac", "01:00:00:00:00:01"},
           {"ips", Json::array({"10.244.1.500"})},
           {"ipRanges", Json::array({Json::array({{{"subnet", "10.244.1.0/99"}}})})}}) {
    EXPECT_TRUE(failed_with(7, run("ADD", with_runtime(conf(), key, value)))) << key << " " << value;
    EXPECT_TRUE(nothing_changed_since(before)) << key << " " << value;
  }
}

TEST_F(Conformance, K04_RuntimeConfigWinsOverArgsOverEnvironment) {
  const std::string env = "MAC=02:00:00:00:00:01";
  Json with = conf();
  auto mac_of = [&](const Json& conf_used) {
    result_of(call("ADD", conf_used).args(env).run());
    std::string mac = mac_in_pod();
    EXPECT_TRUE(succeeded(run("DEL", conf_used)));
    return mac;
  };
  EXPECT_EQ(mac_of(with), "02:00:00:00:00:01");
  with["args"]["cni"]["mac"] = "02:00:00:00:00:02";
  EXPECT_EQ(mac_of(with), "02:00:00:00:00:02");
  EXPECT_EQ(mac_of(with_runtime(with, "mac", "02:00:00:00:00:03")), "02:00:00:00:00:03");
}

TEST_F(Conformance, K05_UnknownArgsAreNoError) {
  for (const char* args :
       {"K8S_POD_NAME=p;K8S_POD_NAMESPACE=n;K8S_POD_INFRA_CONTAINER_ID=c1;K8S_POD_UID=u;IgnoreUnknown=1", "ZEBRA=1",
        "IgnoreUnknown=0;ZEBRA=1", "IgnoreUnknown=true;ZEBRA=", "ZEBRA"}) {
    EXPECT_TRUE(succeeded(call("ADD", conf()).args(args).run())) << args;
    EXPECT_TRUE(succeeded(call("DEL", conf()).args(args).run())) << args;
  }
}

TEST_F(Conformance, K06_ArgsAreReadInAnyShape) {
  for (const char* args : {"MAC=02:00:00:00:00:05;", ";MAC=02:00:00:00:00:05", "X=a=b;MAC=02:00:00:00:00:05;Y==;;"}) {
    EXPECT_TRUE(succeeded(call("ADD", conf()).args(args).run())) << args;
    EXPECT_EQ(mac_in_pod(), "02:00:00:00:00:05") << args;
    EXPECT_TRUE(succeeded(call("DEL", conf()).args(args).run())) << args;
  }
  const Picture before = picture();
  for (const char* args : {"MAC=zebra", "X=1;MAC=02:00", "IP=10.244.1.999", "IP=zebra"}) {
    EXPECT_TRUE(failed_with(4, call("ADD", conf()).args(args).run())) << args;
    EXPECT_TRUE(nothing_changed_since(before)) << args;
  }
}

TEST_F(Conformance, K07_RequestedAddressesAreHonoured) {
  auto expect_address = [&](const Json& with, const std::string& args, const std::string& address) {
    Json result = result_of(call("ADD", with).args(args).run());
    EXPECT_EQ(address_of(result), address) << with << args;
    EXPECT_TRUE(succeeded(run("DEL", with)));
  };
  expect_address(with_runtime(conf(), "ips", {"10.244.1.77"}), "", "10.244.1.77");
  expect_address(with_runtime(conf(), "ips", {"10.244.1.78/24"}), "", "10.244.1.78");
  expect_address(conf(), "IP=10.244.1.79", "10.244.1.79");
  expect_address(conf(), "IP=10.244.1.80/24", "10.244.1.80");
  Json by_args = conf();
  by_args["args"]["cni"]["ips"] = {"10.244.1.81"};
  expect_address(by_args, "", "10.244.1.81");
  Json both = with_runtime(dual_stack_conf(), "ips", {"fd00:244:1::77", "10.244.1.82"});
  Json result = add(both);
  EXPECT_EQ(addresses_in("pod", "eth0"), (std::set<std::string>{"10.244.1.82/32", "fd00:244:1::77/128"}));
  // Not to be had: taken, the gateway, or of no range.
  make_pod("other");
  const Picture before = picture();
  for (const char* ip : {"10.244.1.82", "10.244.1.1", "10.244.1.0", "10.244.1.255", "192.0.2.1", "fd00:99::1"}) {
    Call taken = call("ADD", with_runtime(dual_stack_conf(), "ips", {ip})).id("c2").pod("other");
    EXPECT_TRUE(failed(taken.run())) << ip;
    EXPECT_TRUE(nothing_changed_since(before)) << ip;
  }
}

TEST_F(Conformance, K07_IpRangesReplaceTheConfigured) {
  Json with = conf();
  with["ipam"].erase("subnet");
  with = with_runtime(
      with, "ipRanges",
      Json::array({Json::array({{{"subnet", "10.61.0.0/24"}}}), Json::array({{{"subnet", "fd00:61::/64"}}})}));
  Json result = add(with);
  ASSERT_EQ(result["ips"].size(), 2U) << result;
  EXPECT_EQ(address_of(result).substr(0, 8), "10.61.0.");
}

}  // namespace
}  // namespace isthmus::test
