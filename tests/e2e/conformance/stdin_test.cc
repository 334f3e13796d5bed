// S: the configuration on stdin.
#include <gmock/gmock.h>

#include "tests/e2e/conformance/harness.h"

namespace isthmus::test {
namespace {

using testing::HasSubstr;

const std::vector<std::string> kConfiguredVerbs = {"ADD", "CHECK", "DEL", "GC", "STATUS"};

TEST_F(Conformance, S01_StdinThatIsNoConfigurationIsCode6) {
  const Picture before = picture();
  const std::string good = conf().dump();
  Json number_as_name = conf();
  number_as_name["name"] = 5;
  const std::string deep(100000, '[');
  const std::vector<std::string> bad = {"",
                                        " \n",
                                        good.substr(0, good.size() / 2),
                                        "\xef\xbb\xbf" + good,
                                        good + "x",
                                        good + good,
                                        number_as_name.dump(),
                                        "[]",
                                        "5",
                                        "\"text\"",

                                        "{\"name\":\"net1\",}",
                                        "{\"name\":\"\xff\"}",
                                        std::string(1, '\0'),
                                        deep,
                                        good.substr(0, good.size() - 1) + ",\"x\":" + deep};
  for (const std::string& verb : kConfiguredVerbs)
    for (const std::string& text : bad)
      EXPECT_TRUE(failed_with(6, Call(verb, text).run())) << verb << ": " << text.substr(0, 80);
  // Also when the namespace, which is opened meanwhile, is wrong too.
  for (const char* verb : {"ADD", "CHECK"})
    EXPECT_TRUE(failed_with(6, Call(verb, std::string("[]")).netns("/run/netns/nobody").run())) << verb;
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, S01_WrongTypesOfOurOwnKeysAreRefused) {
  const Picture before = picture();
  for (const auto& [key, value] : std::vector<std::pair<std::string, Json>>{{"mtu", "1500"},
                                                                            {"mtu", 1400.5},
                                                                            {"ipam", 5},
                                                                            {"mode", 1},
                                                                            {"cniVersion", 1},
                                                                            {"stateDir", 7},
                                                                            {"dns", "x"}}) {
    Json wrong = conf();
    wrong[key] = value;
    Outcome outcome = run("ADD", wrong);
    unsigned code = error_of(outcome).value("code", 0U);
    EXPECT_TRUE(code == 6 || code == 7) << key << ": " << outcome.out;
  }
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, S01_AbsurdNestingNeedsNoMemory) {
#if defined(ISTHMUS_ASAN)
  GTEST_SKIP() << "AddressSanitizer needs the address space that this test takes away";
#endif
  Call deep("ADD", std::string(std::size_t{3} << 20U, '['));
  deep.setup.memory_limit = std::size_t{160} << 20U;
  EXPECT_TRUE(failed_with(6, deep.run()));
}

TEST_F(Conformance, S02_UnreadableStdinIsCode5) {
  for (const std::string& verb : kConfiguredVerbs) {
    for (auto kind : {ProcessSetup::Stdin::closed, ProcessSetup::Stdin::directory}) {
      Call unreadable(verb, std::string());
      unreadable.setup.stdin_kind = kind;
      EXPECT_TRUE(failed_with(5, unreadable.run())) << verb;
    }
  }
}

TEST_F(Conformance, S03_NetworkNameHasToBeLegal) {
  Json nameless = conf();
  nameless.erase("name");
  for (const std::string& verb : kConfiguredVerbs) {
    EXPECT_TRUE(failed_with(7, run(verb, nameless))) << verb;
    for (const char* name : {"", "-n", "a/b", "..", "a b", "n\n", "\xc3\xa4"}) {
      Json bad = conf();
      bad["name"] = name;
      EXPECT_TRUE(failed_with(7, run(verb, bad))) << verb << " '" << name << "'";
    }
  }
}

TEST_F(Conformance, S04_UnknownKeysAreTolerated) {
  Json rich = conf();
  rich.update({{"capabilities", {{"portMappings", true}, {"bandwidth", true}}},
               {"args", {{"cni", {{"labels", Json::array({{{"key", "app"}, {"value", "web"}}})}}}, {"org.example", 5}}},
               {"cniVersions", {"0.4.0", "1.0.0", "1.1.0"}},
               {"disableCheck", true},
               {"disableGC", "true"},
               {"cni.dev/future", Json::array({1, "x"})},
               {"org.example/zebra", {{"deep", {{"deeper", nullptr}}}}},
               {"runtimeConfig", {{"portMappings", Json::array()}, {"zebra", 1}}}});
  rich["ipam"]["org.example/zebra"] = true;
  Json result = add(rich);
  EXPECT_TRUE(succeeded(run("CHECK", with_prev(rich, result))));
  EXPECT_TRUE(succeeded(run("STATUS", rich)));
  EXPECT_TRUE(succeeded(run("GC", with_valid(rich, {{"c1", "eth0"}}))));
  EXPECT_TRUE(succeeded(run("DEL", rich)));
}

TEST_F(Conformance, S04_KeyRefusedByPolicyIsCode2WithKeyAndValue) {
  Json slip = conf();
  slip["mtuu"] = 1399;
  Outcome outcome = run("ADD", slip);
  if (outcome.status == 0) return;
  EXPECT_TRUE(failed_with(2, outcome));
  EXPECT_THAT(error_text(outcome), HasSubstr("mtuu"));
  EXPECT_THAT(error_text(outcome), HasSubstr("1399"));
  EXPECT_TRUE(succeeded(run("DEL", slip)));
}

TEST_F(Conformance, S05_EscapesAndKeyOrderAreDecoded) {
  Json ordinary = conf();
  const std::string ipam = ordinary["ipam"].dump();
  std::string text = "{\"stateDir\":\"\\/run\\/isthmus\",\"type\":\"isthmus\",\"ipam\":" + ipam +
                     ",\"dns\":{\"options\":[\"a\\u003cb\\u003e\\u0026\",\"\\ud83d\\ude00\"]},"
                     "\"n\\u0061me\":\"\\u006eet1\",\"mode\":\"p\\u0074p\",\"cniVersion\":\"1.\\u0031.0\"}";
  Json result = result_of(Call("ADD", text).run());
  EXPECT_EQ(result["dns"]["options"], Json::array({"a<b>&", "\xf0\x9f\x98\x80"}));
  EXPECT_EQ(records().size(), 1U);
}

TEST_F(Conformance, S06_NumbersAndDuplicatesAsGoWritesThem) {
  int n = 0;
  for (const char* mtu : {"1400", "1400.0", "1.4e3", "14e2"}) {
    std::string text = conf().dump();
    text.insert(1, std::string("\"mtu\":1300,\"mtu\":") + mtu + ",");
    const std::string ifname = "eth" + std::to_string(n++);
    EXPECT_TRUE(succeeded(Call("ADD", text).ifname(ifname).run())) << mtu;
    EXPECT_EQ(link_in("pod", ifname).value("mtu", 0), 1400) << mtu;
  }
  std::string twice = conf().dump();
  twice.insert(1, "\"name\":\"net0\",");
  EXPECT_TRUE(succeeded(Call("ADD", twice).ifname("last9").run()));
  EXPECT_TRUE(records("net0").empty());
}

std::vector<Json> semantic_errors(const Json& good) {
  std::vector<Json> all;
  for (const auto& [pointer, value] : std::vector<std::pair<std::string, Json>>{{"/mtu", -1},
                                                                                {"/mtu", 70000},
                                                                                {"/mtu", 12},
                                                                                {"/mode", "weird"},
                                                                                {"/ipam/subnet", "10.244.1.0"},
                                                                                {"/ipam/subnet", "10.244.1.0/33"},
                                                                                {"/ipam/subnet", "10.244.1.0/31"},
                                                                                {"/ipam/subnet", "10.244.256.0/24"},
                                                                                {"/ipam/gateway", "10.244.1"},
                                                                                {"/ipam/rangeStart", "10.9.9.9"},
                                                                                {"/ipam/rangeEnd", "zebra"},
                                                                                {"/ipam/routes/0/dst", "0.0.0.0"}}) {
    Json bad = good;
    bad[Json::json_pointer(pointer)] = value;
    all.push_back(bad);
  }
  return all;
}

TEST_F(Conformance, S07_SemanticErrorOnAddIsCode7AndChangesNothing) {
  const Picture before = picture();
  for (const Json& bad : semantic_errors(conf()))
    EXPECT_TRUE(failed_with(7, run("ADD", bad))) << bad;
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, S08_SemanticErrorDoesNotStopDel) {
  const Picture before = picture();
  for (const Json& bad : semantic_errors(conf())) {
    add(conf());
    EXPECT_TRUE(succeeded(run("DEL", bad))) << bad;
    EXPECT_TRUE(leases().empty()) << bad;
    EXPECT_TRUE(host_links().empty()) << bad;
  }
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, S09_AddressesAreReadStrictly) {
  FakePlugin fake("fake");
  fake.leases("::ffff:10.9.0.5/120", "::ffff:10.9.0.1", "0.4.0");
  Json mapped = add(delegated_conf("fake", "0.4.0"));
  EXPECT_EQ(mapped["ips"][0].value("version", ""), "4");
  EXPECT_EQ(address_of(mapped), "10.9.0.5");
  EXPECT_EQ(addresses_in("pod", "eth0"), std::set<std::string>{"10.9.0.5/32"});
  EXPECT_TRUE(succeeded(run("DEL", delegated_conf("fake", "0.4.0"))));

  const Picture before = picture();
  for (const char* bad : {"010.9.0.5/24", "10.9.0.05/24", "10.9.0.5", "10.9.0.5/024", "10.9.0.5/33", "10.9.0.5/-1"}) {
    fake.leases(bad, "10.9.0.1");
    EXPECT_TRUE(failed(run("ADD", delegated_conf("fake")))) << bad;
  }
  EXPECT_TRUE(nothing_changed_since(before));
  // Host bits of an address are the address; those of a route's destination do no harm.
  fake.answers("ADD", {{"cniVersion", "1.1.0"},
                       {"ips", Json::array({{{"address", "10.9.0.77/24"}, {"gateway", "10.9.0.1"}}})},
                       {"routes", Json::array({{{"dst", "172.20.3.4/16"}}})}});
  Json result = add(delegated_conf("fake"));
  EXPECT_EQ(address_of(result), "10.9.0.77");
  EXPECT_FALSE(find_route(routes_in("pod", "-4"), "172.20.0.0/16").is_null());
}

}  // namespace
}  // namespace isthmus::test
