// V and R: version negotiation, and results in each version's own format.
#include <gmock/gmock.h>

#include "tests/e2e/conformance/harness.h"

namespace isthmus::test {
namespace {

using testing::HasSubstr;

bool is_legacy(const std::string& version) { return version == "0.1.0" || version == "0.2.0"; }

TEST_F(Conformance, V01_VersionEchoesASupportedVersion) {
  for (const std::string& version : kVersions) {
    Json answer = result_of(Call("VERSION", Json{{"cniVersion", version}}).run());
    EXPECT_EQ(answer.value("cniVersion", ""), version);
    EXPECT_EQ(answer["supportedVersions"], Json(kVersions));
  }
}

TEST_F(Conformance, V02_VersionNeedsNothingAndNeverFails) {
  const Picture before = picture();
  for (const char* text : {"", "garbage", "{", "[]", "{\"cniVersion\":\"9.9.9\"}", "{\"cniVersion\":5}", "{}"}) {
    Call dummies("VERSION", std::string(text));
    dummies.id("").args("").netns("dummy").ifname("dummy").env("CNI_PATH", "dummy");
    Call bare("VERSION", std::string(text));
    for (const char* name : {"CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"})
      bare.without(name);
    for (const Call& version : {dummies, bare}) {
      Json answer = result_of(version.run());
      EXPECT_EQ(answer.value("cniVersion", ""), newest_version()) << text;
      EXPECT_EQ(answer["supportedVersions"], Json(kVersions)) << text;
    }
  }
  Call closed("VERSION", std::string());
  closed.setup.stdin_kind = ProcessSetup::Stdin::closed;
  EXPECT_TRUE(succeeded(closed.run()));
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, V03_V07_EverySupportedVersionIsReallySpoken) {
  Json answer = result_of(run("VERSION", conf()));
  for (const Json& listed : answer["supportedVersions"]) {
    const std::string version = listed;
    const Picture before = picture();
    Json result = add(conf(version));
    EXPECT_EQ(result.value("cniVersion", ""), version);
    EXPECT_EQ(result.contains("ip4"), is_legacy(version)) << version;
    EXPECT_EQ(result.contains("ips"), !is_legacy(version)) << version;
    EXPECT_EQ(result.contains("interfaces"), !is_legacy(version)) << version;
    if (version >= "0.4.0") {
      EXPECT_TRUE(succeeded(run("CHECK", with_prev(conf(version), result)))) << version;
    }
    if (version >= "1.1.0") {
      EXPECT_TRUE(succeeded(run("STATUS", conf(version))));
    }
    EXPECT_TRUE(succeeded(run("DEL", with_prev(conf(version), result)))) << version;
    EXPECT_TRUE(nothing_changed_since(before)) << version;
  }
}

TEST_F(Conformance, V04_UnsupportedVersionIsCode1NamingBothSides) {
  for (const char* version : {"2.0.0", "1.1", "1.2.0", "0.4", "01.1.0"}) {
    for (const char* verb : {"ADD", "DEL", "CHECK", "GC", "STATUS"}) {
      Outcome outcome = run(verb, conf(version));
      EXPECT_TRUE(failed_with(1, outcome)) << verb << " " << version;
      EXPECT_THAT(error_text(outcome), HasSubstr(version));
      EXPECT_THAT(error_text(outcome), HasSubstr("1.1.0"));
    }
  }
  // What is no version at all is code 6 where a least version is asked for.
  for (const char* version : {"adf", "v1.1.0", "1.1.0 "}) {
    for (const char* verb : {"ADD", "DEL"})
      EXPECT_TRUE(failed_with(1, run(verb, conf(version)))) << verb << " " << version;
    for (const char* verb : {"CHECK", "GC", "STATUS"})
      EXPECT_TRUE(failed_with(6, run(verb, conf(version)))) << verb << " " << version;
  }
}

TEST_F(Conformance, V05_MissingVersionMeans010) {
  Json absent = conf();
  absent.erase("cniVersion");
  for (const Json& with : {absent, conf("")}) {
    Json result = result_of(run("ADD", with));
    EXPECT_EQ(result.value("cniVersion", ""), "0.1.0");
    EXPECT_TRUE(result.contains("ip4"));
    EXPECT_TRUE(succeeded(run("DEL", with)));
  }
  EXPECT_TRUE(leases().empty());
}

TEST_F(Conformance, V06_VerbsThatAVersionDoesNotHaveAreCode1) {
  for (const std::string& version : kVersions) {
    if (version < "0.4.0") {
      EXPECT_TRUE(failed_with(1, run("CHECK", conf(version)))) << version;
    }
    if (version >= "1.1.0") continue;
    EXPECT_TRUE(failed_with(1, run("GC", with_valid(conf(version), {})))) << version;
    EXPECT_TRUE(failed_with(1, run("STATUS", conf(version)))) << version;
  }
}

TEST_F(Conformance, R01_OldFormatHasOneAddressAFamily) {
  FakePlugin fake("fake");
  const Json many = {{"cniVersion", "1.1.0"},
                     {"ips", Json::array({{{"address", "10.9.0.2/24"}, {"gateway", "10.9.0.1"}},
                                          {{"address", "fd00:9::2/64"}, {"gateway", "fd00:9::1"}},
                                          {{"address", "10.9.0.3/24"}, {"gateway", "10.9.0.1"}}})},
                     {"routes", Json::array({{{"dst", "0.0.0.0/0"}}, {{"dst", "::/0"}, {"gw", "fd00:9::1"}}})},
                     {"dns", {{"nameservers", {"10.9.0.53"}}}}};
  fake.answers("ADD", many);
  for (const char* version : {"0.1.0", "0.2.0"}) {
    Json result = add(delegated_conf("fake", version));
    ASSERT_TRUE(result.contains("ip4") && result.contains("ip6")) << result;
    EXPECT_FALSE(result.contains("interfaces") || result.contains("ips") || result.contains("routes")) << result;
    EXPECT_THAT(result["ip4"].value("ip", ""), testing::StartsWith("10.9.0.2/"));
    EXPECT_THAT(result["ip6"].value("ip", ""), testing::StartsWith("fd00:9::2/"));
    EXPECT_EQ(result["ip4"].value("gateway", ""), "10.9.0.1");
    EXPECT_EQ(find_route(result["ip4"]["routes"], "0.0.0.0/0").value("dst", ""), "0.0.0.0/0");
    EXPECT_EQ(find_route(result["ip6"]["routes"], "::/0").value("gw", ""), "fd00:9::1");
    EXPECT_EQ(result["dns"]["nameservers"], Json::array({"10.9.0.53"}));
    EXPECT_TRUE(succeeded(run("DEL", delegated_conf("fake", version))));
    // No address at all cannot be said.
    Json l2 = conf(version);
    l2.erase("ipam");
    EXPECT_TRUE(failed(run("ADD", l2)));
    EXPECT_TRUE(link_in("pod", "eth0").is_null());
  }
}

TEST_F(Conformance, R02_AddressesCarryTheirFamilyBelow1) {
  for (const std::string& version : kVersions) {
    if (is_legacy(version)) continue;
    Json result = add(dual_stack_conf(version));
    ASSERT_EQ(result["ips"].size(), 2U) << result;
    const bool below_1 = version < "1.0.0";
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(result["ips"][i].contains("version"), below_1) << version;
      if (below_1) {
        EXPECT_EQ(result["ips"][i]["version"], i == 0 ? "4" : "6") << version;
      }
    }
    EXPECT_TRUE(succeeded(run("DEL", dual_stack_conf(version))));
  }
}

TEST_F(Conformance, R03_FieldsOf110StayOutOfOlderResults) {
  FakePlugin fake("fake");
  fake.answers("ADD", {{"cniVersion", "1.1.0"},
                       {"ips", Json::array({{{"address", "10.9.0.2/24"}, {"gateway", "10.9.0.1"}}})},
                       {"routes", Json::array({{{"dst", "172.20.0.0/16"},
                                                {"mtu", 1300},
                                                {"advmss", 1200},
                                                {"priority", 77},
                                                {"table", 100},
                                                {"scope", 0}}})}});
  for (const char* version : {"0.3.0", "0.3.1", "0.4.0", "1.0.0"}) {
    Json result = add(delegated_conf("fake", version));
    for (const Json& interface : result["interfaces"])
      for (const char* key : {"mtu", "socketPath", "pciID"})
        EXPECT_FALSE(interface.contains(key)) << version << " " << key;
    for (const Json& route : result["routes"])
      for (const char* key : {"mtu", "advmss", "priority", "table", "scope"})
        EXPECT_FALSE(route.contains(key)) << version << " " << key;
    EXPECT_TRUE(succeeded(run("DEL", delegated_conf("fake", version))));
  }
}

TEST_F(Conformance, R04_ZeroIsWrittenAndAbsentStaysAbsent) {
  FakePlugin fake("fake");
  fake.answers(
      "ADD",
      {{"cniVersion", "1.1.0"},
       {"ips", Json::array({{{"address", "10.9.0.2/24"}, {"gateway", "10.9.0.1"}}})},
       {"routes", Json::array({{{"dst", "172.20.0.0/16"}, {"table", 0}, {"scope", 0}}, {{"dst", "172.21.0.0/16"}}})}});
  const Json prev = {
      {"cniVersion", "1.1.0"},
      {"interfaces", Json::array({{{"name", "old0"}}})},
      {"ips", Json::array({{{"address", "10.8.0.2/24"}, {"interface", 0}}, {{"address", "10.8.0.3/24"}}})}};
  Json result = add(with_prev(delegated_conf("fake"), prev));
  EXPECT_EQ(result["ips"][0].value("interface", -1), 0) << result;
  EXPECT_FALSE(result["ips"][1].contains("interface")) << result;
  Json zero = find_route(result["routes"], "172.20.0.0/16");
  EXPECT_TRUE(zero.contains("table") && zero["table"] == 0) << zero;
  EXPECT_TRUE(zero.contains("scope") && zero["scope"] == 0) << zero;
  Json bare = find_route(result["routes"], "172.21.0.0/16");
  for (const char* key : {"table", "scope", "mtu", "advmss", "priority"})
    EXPECT_FALSE(bare.contains(key)) << key;
  EXPECT_TRUE(succeeded(run("DEL", delegated_conf("fake"))));
  // Empty lists are left out.
  Json l2 = conf();
  l2.erase("ipam");
  Json bare_result = add(l2);
  EXPECT_FALSE(bare_result.contains("ips") || bare_result.contains("routes")) << bare_result;
}

}  // namespace
}  // namespace isthmus::test
