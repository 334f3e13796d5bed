#include "plugin/cni/netconf.h"

#include "cni_testing.h"

namespace isthmus {
namespace {

using test::conf;
using test::parse;
using test::settings_error;

CniError error_of(const std::string& text, Verb verb = Verb::add) {
  auto parsed = parse(text, verb);
  EXPECT_FALSE(parsed) << text;
  return parsed ? CniError(0, "no error") : parsed.error();
}

bool has(const CniError& error, const std::string& part) { return error.msg.find(part) != std::string::npos; }

TEST(Netconf, S01_WhatIsNoConfigurationIsCode6) {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("\xef\xbb\xbf{}"), conf("") + "x", conf("") + "{}",
        std::string("[]"), std::string("5"), std::string("null x"), std::string(100000, '['),
        conf(R"("a":)" + std::string(64, '[')), std::string(R"({"name":5})"),
        std::string(R"({"name":"n","cniVersion":1})"), std::string(R"({"name":"n","cniVersion":["1.0.0"]})")}) {
    CniError error = error_of(text);
    EXPECT_EQ(error.code, 6u) << error.msg;
    EXPECT_TRUE(has(error, "[bad-json]")) << error.msg;
  }
}

TEST(Netconf, S01_EveryTruncationIsOneErrorObject) {
  std::string text = test::golden("stdin/containerd_add.json");
  for (std::size_t size = 0; size < text.size(); ++size) {
    auto parsed = parse(text.substr(0, size));
    ASSERT_FALSE(parsed) << text.substr(0, size);
    ASSERT_EQ(parsed.error().code, 6u);
  }
  EXPECT_TRUE(parse(text));
}

TEST(Netconf, S01_EveryByteReplacedNeverCrashes) {
  std::string text = test::golden("stdin/containerd_add.json");
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string broken = text;
    broken[at] = "\"5]{"[at % 4];
    auto parsed = parse(broken);
    unsigned code = !parsed ? parsed.error().code : !parsed->settings ? parsed->settings.error().code : 0;
    ASSERT_NE(code, 999u) << broken;
  }
}

TEST(Netconf, S03_NameMissingOrIllegalIsCode7) {
  for (const char* text : {R"({"cniVersion":"1.0.0"})", R"({"name":""})", R"({"name":null})", R"({"name":"-n"})",
                           R"({"name":"a/b"})", R"({"name":"a\nb"})"}) {
    CniError error = error_of(text);
    EXPECT_EQ(error.code, 7u) << error.msg;
    EXPECT_TRUE(has(error, "[bad-network-name]")) << error.msg;
  }
}

TEST(Netconf, V05_AllVersionsAndTheAbsentOne) {
  for (std::string_view version : kVersionNames) {
    auto parsed = parse(R"({"name":"n","cniVersion":")" + std::string(version) + "\"}");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(to_text(parsed->version), version);
  }
  for (const char* text : {R"({"name":"n"})", R"({"name":"n","cniVersion":""})", R"({"name":"n","cniVersion":null})"})
    EXPECT_EQ(parse(text)->version, SpecVersion::v0_1_0);
}

TEST(Netconf, V04_UnknownVersionNamesBothSides) {
  for (const char* version : {"1.2.0", "0.9.9", "1.1", "v1.1.0", "adf"}) {
    CniError error = error_of(R"({"name":"pods","cniVersion":")" + std::string(version) + "\"}");
    EXPECT_EQ(error.code, 1u) << error.msg;
    EXPECT_TRUE(has(error, "'" + std::string(version) + "'")) << error.msg;
    EXPECT_TRUE(has(error, "0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0")) << error.msg;
    EXPECT_TRUE(has(error, "'pods'")) << error.msg;
    EXPECT_TRUE(has(error, "[cni-version]")) << error.msg;
  }
}

TEST(Netconf, V04_TextThatIsNoVersionIsCode6WhereVersionsAreCompared) {
  for (Verb verb : {Verb::check, Verb::gc, Verb::status}) {
    for (const char* text : {"adf", "v1.1.0", "1.1.0.0", "1..0", "1.1.", "-1.0.0"})
      EXPECT_EQ(error_of(R"({"name":"n","cniVersion":")" + std::string(text) + "\"}", verb).code, 6u) << text;
    for (const char* text : {"1.2.0", "1.1", "9"})
      EXPECT_EQ(error_of(R"({"name":"n","cniVersion":")" + std::string(text) + "\"}", verb).code, 1u) << text;
  }
}

TEST(Netconf, V06_VerbsTheVersionDoesNotHave) {
  auto text = [](SpecVersion version) {
    return R"({"name":"n","cniVersion":")" + std::string(to_text(version)) + "\"}";
  };
  for (SpecVersion version : {SpecVersion::v0_1_0, SpecVersion::v0_3_1}) {
    CniError error = error_of(text(version), Verb::check);
    EXPECT_EQ(error.code, 1u);
    EXPECT_TRUE(has(error, "cannot run CHECK under CNI version " + std::string(to_text(version)))) << error.msg;
    EXPECT_TRUE(has(error, "since 0.4.0")) << error.msg;
  }
  EXPECT_TRUE(parse(text(SpecVersion::v0_4_0), Verb::check));
  for (Verb verb : {Verb::gc, Verb::status}) {
    EXPECT_EQ(error_of(text(SpecVersion::v1_0_0), verb).code, 1u);
    EXPECT_EQ(error_of(R"({"name":"n"})", verb).code, 1u);
    EXPECT_TRUE(parse(text(SpecVersion::v1_1_0), verb));
  }
  EXPECT_TRUE(parse(text(SpecVersion::v0_1_0), Verb::del));
}

TEST(Netconf, V01_PeekFindsOnlyOurVersions) {
  EXPECT_EQ(peek_version(R"({"cniVersion":"0.4.0"})"), SpecVersion::v0_4_0);
  for (const char* text : {"", "{", "[]", "{}", R"({"cniVersion":"9.0.0"})", R"({"cniVersion":5})"})
    EXPECT_EQ(peek_version(text), std::nullopt) << text;
}

TEST(Netconf, S04_ForeignKeysAreIgnored) {
  auto parsed = parse(conf(
      R"("capabilities":{"mac":true},"args":{"cni":{"labels":[{"key":"a","value":"b"}]},"other":5},"cniVersions":["1.0.0"],
      "disableCheck":"true","disableGC":true,"loadOnlyInlinedPlugins":false,"plugins":[],"cni.dev/valid-attachments":5,
      "cni.dev/attachmentz":1,"_mtuu":1,"x-mtuu":1,"$schema":"s","something":{"else":[1]},"runtimeConfig":{"anything":[]})"));
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->settings) << parsed->settings.error().msg;
}

TEST(Netconf, S05_EscapesInTheName) {
  auto parsed = parse(R"({"type":"x","\u006eame":"p\u006fds","cniVersion":"1.0.0"})");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->name.text(), "pods");
}

TEST(Netconf, S06_IntegersInEveryFormAndLastDuplicate) {
  for (const char* mtu : {"1500", "1500.0", "1.5e3"}) {
    auto parsed = parse(conf(std::string(R"("mtu":9000,"mtu":)") + mtu));
    ASSERT_TRUE(parsed && parsed->settings);
    EXPECT_EQ(parsed->settings->mtu->octets(), 1500u);
  }
}

TEST(Netconf, S08_DelGoesOnWithoutSettings) {
  for (Verb verb : {Verb::del, Verb::gc}) {
    auto parsed = parse(conf(R"("mtu":"x","mode":"none","ipam":{"type":"host-local","subnet":5})"), verb);
    ASSERT_TRUE(parsed) << parsed.error().msg;
    EXPECT_FALSE(parsed->settings);
    EXPECT_EQ(parsed->ipam_type, "host-local");
    EXPECT_EQ(parsed->state_dir, kDefaultStateDir);
  }
  EXPECT_EQ(parse(conf(R"("ipam":{"type":"isthmus","ranges":5})"), Verb::del)->ipam_type, "isthmus");
  EXPECT_EQ(parse(conf(R"("ipam":[5])"), Verb::del)->ipam_type, "");
  EXPECT_EQ(parse(conf(R"("stateDir":"relative")"), Verb::del)->state_dir, kDefaultStateDir);
}

TEST(Netconf, StdinIsKeptByteForByte) {
  std::string text = "  " + conf(R"("z":1,"a":"\u003c")") + "\n";
  EXPECT_EQ(parse(text)->stdin_bytes, text);
}

TEST(Netconf, C09_PrevResultIsReadInItsOwnOrTheConfigurationsVersion) {
  auto with_version = parse(conf(R"("prevResult":{"cniVersion":"0.2.0","ip4":{"ip":"10.1.2.3/24"}})"));
  ASSERT_TRUE(with_version && with_version->prev_result);
  EXPECT_EQ(with_version->prev_result->ips.size(), 1u);
  auto without =
      parse(R"({"name":"n","cniVersion":"0.4.0","prevResult":{"ips":[{"version":"4","address":"10.1.2.3/24"}]}})",
            Verb::check);
  ASSERT_TRUE(without && without->prev_result);
  EXPECT_EQ(without->prev_result->ips.front().address.text(), "10.1.2.3/24");
}

TEST(Netconf, D05_PrevResultAbsentOrMalformed) {
  for (const char* members : {"", R"("prevResult":null)", R"("prevResult":{})"}) {
    for (Verb verb : {Verb::add, Verb::del, Verb::check})
      EXPECT_EQ(parse(conf(members), verb)->prev_result, std::nullopt) << members;
  }
  for (const char* members : {R"("prevResult":5)", R"("prevResult":[])", R"("prevResult":{"ips":[{"address":"x"}]})",
                              R"("prevResult":{"cniVersion":"7.0.0"})"}) {
    EXPECT_EQ(parse(conf(members), Verb::del)->prev_result, std::nullopt) << members;
    for (Verb verb : {Verb::add, Verb::check}) {
      CniError error = error_of(conf(members), verb);
      EXPECT_EQ(error.code, 7u);
      EXPECT_TRUE(has(error, "'prevResult")) << error.msg;
      EXPECT_TRUE(has(error, "[bad-result]")) << error.msg;
    }
  }
}

TEST(Netconf, G02_NullAndEmptyListsAreLists) {
  for (const char* list : {"null", "[]"}) {
    auto parsed = parse(conf(R"("cni.dev/valid-attachments":)" + std::string(list)), Verb::gc);
    ASSERT_TRUE(parsed && parsed->valid_attachments);
    EXPECT_TRUE(parsed->valid_attachments->empty());
  }
}

TEST(Netconf, G03_EitherSpellingTheLongOneWins) {
  std::string one = R"([{"containerID":"c1","ifname":"eth0"}])";
  std::string two = R"([{"ContainerID":"c2","IfName":"eth0"},{"containerID":"c2","ifname":"net1"}])";
  auto old = parse(conf(R"("cni.dev/attachments":)" + one), Verb::gc);
  EXPECT_EQ(*old->valid_attachments, (std::vector<AttachmentRef>{{"c1", "eth0"}}));
  auto both = parse(conf(R"("cni.dev/attachments":)" + one + R"(,"cni.dev/valid-attachments":)" + two), Verb::gc);
  EXPECT_EQ(*both->valid_attachments, (std::vector<AttachmentRef>{{"c2", "eth0"}, {"c2", "net1"}}));
}

TEST(Netconf, G04_NeitherKeyIsNoList) { EXPECT_EQ(parse(conf(""), Verb::gc)->valid_attachments, std::nullopt); }

TEST(Netconf, G05_MalformedListIsAnErrorAsAWhole) {
  for (const char* list :
       {"5", "{}", "\"x\"", "[5]", "[null]", "[{}]", R"([{"containerID":"c1"}])", R"([{"ifname":"eth0"}])",
        R"([{"containerID":5,"ifname":"eth0"}])", R"([{"containerID":"a/b","ifname":"eth0"}])",
        R"([{"containerID":"c1","ifname":"eth0"},{"containerID":"c1","ifname":"a/b"}])"}) {
    CniError error = error_of(conf(R"("cni.dev/valid-attachments":)" + std::string(list)), Verb::gc);
    EXPECT_EQ(error.code, 7u) << error.msg;
    EXPECT_TRUE(has(error, "[bad-attachments]")) << error.msg;
    EXPECT_TRUE(has(error, "'cni.dev/valid-attachments")) << error.msg;
    EXPECT_TRUE(parse(conf(R"("cni.dev/valid-attachments":)" + std::string(list)), Verb::add)) << list;
  }
}

TEST(Netconf, ErrorsSayWhichNetworkToCorrect) {
  CniError error = settings_error(R"("mtu":"big")");
  EXPECT_EQ(
      error.msg,
      "cannot use 'mtu': expected an integer, found the string 'big' [bad-config]; correct it in the configuration "
      "of network 'pods'");
}

}  // namespace
}  // namespace isthmus
