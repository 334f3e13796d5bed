#include "plugin/cni/cni_result.h"

#include <nlohmann/json.hpp>

#include "cni_testing.h"

namespace isthmus {
namespace {

constexpr std::array kAllVersions = {SpecVersion::v0_1_0, SpecVersion::v0_2_0, SpecVersion::v0_3_0, SpecVersion::v0_3_1,
                                     SpecVersion::v0_4_0, SpecVersion::v1_0_0, SpecVersion::v1_1_0};

RouteSpec route(const char* destination, const char* gateway = nullptr) {
  RouteSpec spec{*Prefix::parse(destination), {}, false, {}, {}, {}, {}, {}};
  if (gateway != nullptr) spec.gateway = *IpAddress::parse(gateway);
  return spec;
}

CniIp ip(const char* address, const char* gateway, std::optional<std::int64_t> interface) {
  CniIp made{*Prefix::parse(address), {}, interface};
  if (gateway != nullptr) made.gateway = *IpAddress::parse(gateway);
  return made;
}

// Uses every field of 1.1.0, both families, two addresses of one family, and zeros that must be written.
CniResult rich_result() {
  CniResult result;
  result.interfaces = {{"isth1234", "02:00:00:00:00:01", 1450, "", "", ""},
                       {"eth0", "02:00:00:00:00:02", 1450, "/run/netns/web", "/run/vhost.sock", "0000:00:1f.6"}};
  result.ips = {ip("10.1.2.3/24", "10.1.2.1", 0), ip("10.9.0.5/16", nullptr, 1), ip("fd00::3/64", "fd00::1", 1),
                ip("10.8.0.1/32", nullptr, std::nullopt)};
  RouteSpec full = route("10.0.0.0/8", "10.1.2.254");
  full.mtu = 1400;
  full.advmss = 1360;
  full.priority = 100;
  full.table = 0;
  full.scope = std::uint8_t{0};
  RouteSpec link = route("192.168.7.9/16");
  link.table = 100;
  link.scope = std::uint8_t{253};
  result.routes = {route("0.0.0.0/0"), full, link, route("::/0", "fd00::1")};
  result.dns = {{"10.96.0.10", "fd00::a"}, "cluster.local", {"default.svc", "<&>"}, {"ndots:5"}};
  return result;
}

// What a version can say of the rich result: the specification's own losses, nothing else.
CniResult expressible(CniResult result, SpecVersion version) {
  if (version < SpecVersion::v1_1_0) {
    for (CniInterface& interface : result.interfaces) {
      interface.mtu = 0;
      interface.socket_path.clear();
      interface.pci_id.clear();
    }
    for (RouteSpec& spec : result.routes)
      spec = RouteSpec{spec.destination, spec.gateway, false, {}, {}, {}, {}, {}};
  }
  if (version < SpecVersion::v0_3_0) {
    result.interfaces.clear();
    result.ips = {ip("10.1.2.3/24", "10.1.2.1", std::nullopt), ip("fd00::3/64", "fd00::1", std::nullopt)};
  }
  return result;
}

CniResult parsed(const std::string& json, SpecVersion when_absent = SpecVersion::v1_1_0) {
  auto result = parse_result(json, when_absent, "the test");
  EXPECT_TRUE(result) << json << ": " << result.error().msg;
  return result ? *std::move(result) : CniResult();
}

std::string printed(const CniResult& result, SpecVersion version) {
  auto json = to_json(result, version);
  EXPECT_TRUE(json);
  return json ? *json : std::string();
}

class EachVersion : public ::testing::TestWithParam<SpecVersion> {};
INSTANTIATE_TEST_SUITE_P(Cni, EachVersion, ::testing::ValuesIn(kAllVersions), [](const auto& tested) {
  std::string name(to_text(tested.param));
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
});

TEST_P(EachVersion, V07_GoldenFormat) {
  std::string file = "result/" + std::string(to_text(GetParam())) + ".json";
  EXPECT_EQ(printed(rich_result(), GetParam()), test::golden(file));
}

TEST_P(EachVersion, R03_ReadsBackWhatTheVersionCanSay) {
  std::string file = "result/" + std::string(to_text(GetParam())) + ".json";
  // The golden text names its own version, so the one to assume must not matter.
  EXPECT_EQ(parsed(test::golden(file), SpecVersion::v0_1_0), expressible(rich_result(), GetParam()));
}

TEST_P(EachVersion, C09_WithoutCniVersionTheAssumedOneIsRead) {
  auto json = nlohmann::json::parse(printed(rich_result(), GetParam()));
  json.erase("cniVersion");
  EXPECT_EQ(parsed(json.dump(), GetParam()), expressible(rich_result(), GetParam()));
  json["cniVersion"] = "";
  EXPECT_EQ(parsed(json.dump(), GetParam()), expressible(rich_result(), GetParam()));
}

TEST_P(EachVersion, P03_OneLineWithoutNewline) {
  std::string text = printed(rich_result(), GetParam());
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_TRUE(nlohmann::json::parse(text, nullptr, false).is_object());
}

TEST_P(EachVersion, EveryTruncationIsAnError) {
  std::string text = printed(rich_result(), GetParam());
  for (std::size_t size = 0; size < text.size(); ++size) {
    auto result = parse_result(text.substr(0, size), GetParam(), "prevResult");
    ASSERT_FALSE(result) << text.substr(0, size);
    ASSERT_NE(result.error().msg.find("[bad-result]"), std::string::npos);
  }
}

TEST(Result, R01_OldVersionsKeepTheFirstOfEachFamily) {
  CniResult v6_only;
  v6_only.ips = {ip("fd00::3/64", nullptr, 0)};
  v6_only.routes = {route("0.0.0.0/0", "10.0.0.1"), route("::/0")};
  EXPECT_EQ(printed(v6_only, SpecVersion::v0_2_0),
            R"({"cniVersion":"0.2.0","ip6":{"ip":"fd00::3/64","routes":[{"dst":"::/0"}]},"dns":{}})");
  CniResult nothing;
  nothing.interfaces = {{"eth0", {}, 0, {}, {}, {}}};
  for (SpecVersion version : {SpecVersion::v0_1_0, SpecVersion::v0_2_0}) {
    auto json = to_json(nothing, version);
    ASSERT_FALSE(json);
    EXPECT_NE(json.error().msg.find("[result-not-expressible]"), std::string::npos) << json.error().msg;
  }
  EXPECT_EQ(printed(nothing, SpecVersion::v0_3_0), R"({"cniVersion":"0.3.0","interfaces":[{"name":"eth0"}],"dns":{}})");
}

TEST(Result, R02_MappedAddressIsVersion4) {
  CniResult result = parsed(R"({"cniVersion":"1.0.0","ips":[{"address":"::ffff:10.1.2.3/120"}]})");
  EXPECT_EQ(printed(result, SpecVersion::v0_4_0),
            R"({"cniVersion":"0.4.0","ips":[{"version":"4","address":"10.1.2.3/24"}],"dns":{}})");
}

TEST(Result, R04_ZerosAreWrittenAbsentStaysAbsent) {
  auto json = nlohmann::json::parse(printed(rich_result(), SpecVersion::v1_1_0));
  EXPECT_EQ(json["ips"][0]["interface"], 0);
  EXPECT_FALSE(json["ips"][3].contains("interface"));
  EXPECT_EQ(json["routes"][1]["table"], 0);
  EXPECT_EQ(json["routes"][1]["scope"], 0);
  for (const char* key : {"gw", "mtu", "advmss", "priority", "table", "scope"})
    EXPECT_FALSE(json["routes"][0].contains(key)) << key;
  for (const char* key : {"sandbox", "socketPath", "pciID"})
    EXPECT_FALSE(json["interfaces"][0].contains(key)) << key;
  EXPECT_EQ(printed({}, SpecVersion::v1_1_0), R"({"cniVersion":"1.1.0"})");
  EXPECT_EQ(printed({}, SpecVersion::v1_0_0), R"({"cniVersion":"1.0.0"})");
  EXPECT_EQ(printed({}, SpecVersion::v0_4_0), R"({"cniVersion":"0.4.0","dns":{}})");
}

TEST(Result, S09_HostBitsAreKept) {
  CniResult result =
      parsed(R"({"cniVersion":"1.0.0","ips":[{"address":"10.1.2.3/24"}],"routes":[{"dst":"10.9.9.9/8"}]})");
  EXPECT_EQ(result.ips[0].address.text(), "10.1.2.3/24");
  EXPECT_EQ(result.routes[0].destination.text(), "10.9.9.9/8");
}

TEST(Result, OtherPluginsResultsAreReadLeniently) {
  CniResult result = parsed(R"({"CNIVersion":"1.0.0","Interfaces":[{"Name":"x","Mac":"whatever"}],"kind":5,
      "ips":[{"address":"10.1.2.3/24","gateway":"","interface":null,"version":"9"}],"routes":null,"dns":null})");
  EXPECT_EQ(result.interfaces[0].mac, "whatever");
  EXPECT_FALSE(result.ips[0].gateway.has_value());
  EXPECT_FALSE(result.ips[0].interface.has_value());
  EXPECT_EQ(parsed("{}"), CniResult());
  EXPECT_EQ(parsed("null"), CniResult());
  EXPECT_EQ(parsed(R"({"cniVersion":"0.2.0","ip4":null})"), CniResult());
}

TEST(Result, ErrorsNameTextAndField) {
  for (auto [json, part] : std::map<std::string, std::string>{
           {R"({"ips":[{"address":"10.1.2.3"}]})", "'ips[0].address' = '10.1.2.3' as a prefix"},
           {R"({"ips":[{}]})", "'ips[0].address': it is missing"},
           {R"({"ips":[{"address":"10.1.2.3/24","gateway":5}]})", "'ips[0].gateway': expected a string"},
           {R"({"ips":[{"address":"010.1.2.3/24"}]})", "'ips[0].address' = '010.1.2.3/24'"},
           {R"({"ips":[{"address":"10.1.2.3/24","interface":"0"}]})", "'ips[0].interface': expected an integer"},
           {R"({"interfaces":[{"mtu":-1}]})", "'interfaces[0].mtu': -1 is not from 0 to"},
           {R"({"routes":[{"dst":"0.0.0.0/0","scope":256}]})", "'routes[0].scope': 256 is not from 0 to 255"},
           {R"({"routes":[{"dst":"0.0.0.0/0"},{"gw":"10.0.0.1"}]})", "'routes[1].dst': it is missing"},
           {R"({"dns":{"search":"x"}})", "'dns.search': expected a list"},
           {R"({"cniVersion":"9.9.9"})", "'9.9.9' is no version"},
           {R"([])", "expected an object, found a list"}}) {
    auto result = parse_result(json, SpecVersion::v1_1_0, "the result of IPAM plugin 'x'");
    ASSERT_FALSE(result) << json;
    EXPECT_NE(result.error().msg.find("cannot read the result of IPAM plugin 'x': "), std::string::npos);
    EXPECT_NE(result.error().msg.find(part), std::string::npos) << result.error().msg;
    EXPECT_NE(result.error().msg.find("[bad-result]"), std::string::npos);
  }
}

}  // namespace
}  // namespace isthmus
