// I01-I09: running another IPAM plugin.
#include <gmock/gmock.h>

#include "tests/e2e/conformance/harness.h"

namespace isthmus::test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(Conformance, I01_FirstRegularFileAlongThePathIsRun) {
  FakePlugin first("fake", "/run/fake/first");
  FakePlugin second("fake", "/run/fake/second");
  first.leases("10.9.0.2/24", "10.9.0.1");
  second.leases("10.9.0.3/24", "10.9.0.1");
  const Json with = delegated_conf("fake");
  auto address_with = [&](const std::string& path) {
    Json result = result_of(call("ADD", with).env("CNI_PATH", path).run());
    EXPECT_TRUE(succeeded(call("DEL", with).env("CNI_PATH", path).run())) << path;
    return address_of(result);
  };
  EXPECT_EQ(address_with("/run/fake/first:/run/fake/second"), "10.9.0.2");
  EXPECT_EQ(address_with("/run/fake/second:/run/fake/first"), "10.9.0.3");
  EXPECT_EQ(address_with("/run/absent:/run/fake/second"), "10.9.0.3");
  // A directory of that name is no plugin; a link to a file is one.
  shell("mkdir -p /run/fake/third/fake /run/fake/fourth; ln -s /run/fake/second/fake /run/fake/fourth/fake");
  EXPECT_EQ(address_with("/run/fake/third:/run/fake/first"), "10.9.0.2");
  EXPECT_EQ(address_with("/run/fake/fourth:/run/fake/first"), "10.9.0.3");
  // Empty and relative elements would mean whatever directory we happen to be in.
  EXPECT_EQ(address_with(":/run/fake/first"), "10.9.0.2");
  EXPECT_EQ(address_with("::run/fake/second:./run/fake/second:/run/fake/first:"), "10.9.0.2");
}

TEST_F(Conformance, I02_TypeThatCannotBeRunIsAClearError) {
  const Picture before = picture();
  shell("mkdir -p " + std::string(kFakeBin) + "; echo '#!/bin/sh' > " + kFakeBin + "/locked; chmod 644 " + kFakeBin +
        "/locked");
  for (const char* type : {"absent", "locked", "../bin/sh", "/bin/sh", "sub/fake", ".", ".."}) {
    Outcome outcome = run("ADD", delegated_conf(type));
    EXPECT_TRUE(failed(outcome)) << type;
    EXPECT_THAT(error_text(outcome), HasSubstr(type));
    EXPECT_TRUE(nothing_changed_since(before)) << type;
  }
}

TEST_F(Conformance, I02_CorrectedTypeIsNotHeldUpByTheWrongOne) {
  const Picture before = picture();
  EXPECT_TRUE(failed(run("ADD", delegated_conf("absent"))));
  EXPECT_TRUE(succeeded(run("ADD", conf())));
  EXPECT_TRUE(succeeded(run("DEL", conf())));
  EXPECT_TRUE(failed(run("ADD", delegated_conf("absent"))));
  EXPECT_TRUE(succeeded(run("DEL", conf())));
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, I03_DelegateGetsOurStdinAndEnvironment) {
  FakePlugin fake("fake");
  fake.leases("10.9.0.2/24", "10.9.0.1");
  Json with = delegated_conf("fake");
  with["org.example/text"] = "<&> \xc3\xa4";
  const std::string bytes = "\n\t" + with.dump(2) + "  \n";
  for (const char* verb : {"STATUS", "ADD", "GC", "DEL"}) {
    Call one(verb, verb == std::string("GC") ? with_valid(with, {{"c1", "eth0"}}).dump(1) : bytes);
    one.args("IgnoreUnknown=1;K8S_POD_NAME=p").env("ZEBRA", "with = and\nnewline").env("EMPTY", "");
    EXPECT_TRUE(succeeded(one.run())) << verb;
    EXPECT_EQ(fake.input_of(verb), one.setup.input) << verb;
    EXPECT_EQ(fake.env_of(verb), one.setup.env) << verb;
  }
  Json result = add(with);
  Call check("CHECK", with_prev(with, result).dump(3));
  EXPECT_TRUE(succeeded(check.run()));
  EXPECT_EQ(fake.input_of("CHECK"), check.setup.input);
  EXPECT_EQ(fake.env_of("CHECK"), check.setup.env);
}

TEST_F(Conformance, I04_DelegatesStderrReachesOurs) {
  FakePlugin fake("fake");
  fake.leases("10.9.0.2/24", "10.9.0.1");
  fake.on("ADD", "echo zebra crossing >&2; cat $DIR/ADD.answer").on("DEL", "echo donkey >&2; exit 7");
  Outcome added = run("ADD", delegated_conf("fake"));
  EXPECT_TRUE(succeeded(added));
  EXPECT_THAT(added.err, HasSubstr("zebra crossing"));
  EXPECT_THAT(run("DEL", delegated_conf("fake")).err, HasSubstr("donkey"));
}

TEST_F(Conformance, I05_DelegatesErrorPassesThroughUnchanged) {
  FakePlugin fake("fake");
  fake.leases("10.9.0.2/24", "10.9.0.1");
  const Json with = delegated_conf("fake");
  Json prev = add(with);
  for (const char* verb : {"CHECK", "DEL", "GC", "STATUS", "ADD"}) {
    fake.on("DEL", "").fails(verb, 142, "zebra <crossing>", "two \"lines\"\nof it");
    Call one(verb, with_valid(with_prev(with, prev), {{"c1", "eth0"}}));
    if (verb == std::string("ADD")) one = call(verb, with).ifname("eth7");
    Json error = error_of(one.run());
    EXPECT_EQ(error["code"], 142) << verb;
    EXPECT_EQ(error["msg"], "zebra <crossing>") << verb;
    EXPECT_EQ(error.value("details", ""), "two \"lines\"\nof it") << verb;
  }
}

TEST_F(Conformance, I05_DelegateThatDiesOrBabblesIsDescribed) {
  const Picture before = picture();
  FakePlugin fake("fake");
  const std::vector<std::pair<std::string, std::string>> deaths = {
      {"exit 37", "37"},
      {"echo zebra crossing; exit 3", "zebra crossing"},
      {"echo 'fatal: zebra' >&2; exit 2", "fatal: zebra"},
      {"kill -11 $$", "signal"},
      {"echo '{\"code\":\"7\",\"msg\":\"text as code\"}'; exit 1", "fake"},
      {"echo '{\"code\":-7,\"msg\":\"negative\"}'; exit 1", "fake"},
      {"echo '{\"cniVersion\":\"1.1.0\",\"ips\":[]}'; exit 1", "fake"}};
  for (const auto& [script, expected] : deaths) {
    fake.on("ADD", script);
    Outcome outcome = run("ADD", delegated_conf("fake"));
    EXPECT_TRUE(failed(outcome)) << script;
    EXPECT_THAT(error_text(outcome), HasSubstr(expected)) << script;
    EXPECT_THAT(error_text(outcome), HasSubstr("fake")) << script;
    EXPECT_TRUE(nothing_changed_since(before)) << script;
  }
}

TEST_F(Conformance, I06_SuccessWithoutAddressesIsAnErrorAndGivenBack) {
  const Picture before = picture();
  FakePlugin fake("fake");
  std::size_t dels = 0;
  for (const char* answer :
       {"", "zebra", "{", "null", "[]", "{}", "{\"cniVersion\":\"1.1.0\"}", "{\"cniVersion\":\"1.1.0\",\"ips\":[]}",
        "{\"cniVersion\":\"1.1.0\",\"ips\":[{}]}", "{\"cniVersion\":\"9.9.9\",\"ips\":[{\"address\":\"10.9.0.2/24\"}]}",
        "{\"cniVersion\":\"1.1.0\",\"ips\":[{\"address\":\"10.9.0.2\"}]}",
        "{\"ips\":[{\"address\":\"10.9.0.2/24\",\"gateway\":\"10.9.0.1\"}]} trailing",
        "{\"code\":7,\"msg\":\"an error with exit 0\"}"}) {
    fake.on("ADD", std::string("cat <<'END'\n") + answer + "\nEND");
    EXPECT_TRUE(failed(run("ADD", delegated_conf("fake")))) << answer;
    EXPECT_GT(fake.count("DEL"), dels) << answer;
    dels = fake.count("DEL");
    EXPECT_TRUE(nothing_changed_since(before)) << answer;
  }
}

TEST_F(Conformance, I07_AnswersOfEveryVersionAreUnderstood) {
  FakePlugin fake("fake");
  const Json ip = {{"address", "10.9.0.2/24"}, {"gateway", "10.9.0.1"}};
  Json ip_with_version = ip;
  ip_with_version["version"] = "4";
  const Json old = {
      {"ip4", {{"ip", "10.9.0.2/24"}, {"gateway", "10.9.0.1"}, {"routes", Json::array({{{"dst", "0.0.0.0/0"}}})}}}};
  const Json middle = {{"ips", Json::array({ip_with_version})}, {"routes", Json::array({{{"dst", "0.0.0.0/0"}}})}};
  const Json recent = {{"ips", Json::array({ip})}, {"routes", Json::array({{{"dst", "0.0.0.0/0"}}})}};
  auto body_of = [&](const std::string& version) {
    return version < "0.3.0" ? old : version < "1.0.0" ? middle : recent;
  };
  for (const std::string& answered : kVersions) {
    for (const std::string& configured : kVersions) {
      if (answered > configured) continue;
      Json answer = body_of(answered);
      // The same version may also be left out, or be empty.
      if (answered != configured) answer["cniVersion"] = answered;
      if (answered == configured && answered == "1.0.0") answer["cniVersion"] = "";
      fake.answers("ADD", answer);
      Json result = add(delegated_conf("fake", configured));
      EXPECT_EQ(result.value("cniVersion", ""), configured) << answered;
      EXPECT_EQ(addresses_in("pod", "eth0"), std::set<std::string>{"10.9.0.2/32"}) << answered << " " << configured;
      EXPECT_FALSE(find_route(routes_in("pod", "-4"), "default").is_null()) << answered;
      EXPECT_TRUE(succeeded(run("DEL", delegated_conf("fake", configured))));
    }
  }
}

TEST_F(Conformance, I08_LaterFailureGivesTheAddressBack) {
  const Picture before = picture();
  FakePlugin fake("fake");
  for (bool del_fails : {false, true}) {
    fake.answers("ADD", {{"cniVersion", "1.1.0"},
                         {"ips", Json::array({{{"address", "10.9.0.2/24"}, {"gateway", "10.9.0.1"}}})},
                         {"routes", Json::array({{{"dst", "172.20.0.0/16"}, {"scope", 255}}})}});
    if (del_fails) fake.fails("DEL", 199, "zebra in the way of DEL");
    const std::size_t dels = fake.count("DEL");
    Call adding = call("ADD", delegated_conf("fake")).args("IgnoreUnknown=1;K=V");
    Outcome outcome = adding.run();
    EXPECT_TRUE(failed(outcome));
    EXPECT_THAT(error_text(outcome), HasSubstr("172.20.0.0/16"));
    EXPECT_NE(error_of(outcome)["code"], 199) << "not the first error";
    EXPECT_THAT(error_of(outcome).value("msg", ""), Not(HasSubstr("zebra"))) << "not the first error";
    EXPECT_EQ(fake.count("DEL"), dels + 1);
    EXPECT_EQ(fake.input_of("DEL"), adding.setup.input);
    auto expected = adding.setup.env;
    expected["CNI_COMMAND"] = "DEL";
    EXPECT_EQ(fake.env_of("DEL"), expected);
    EXPECT_TRUE(host_links().empty());
    EXPECT_TRUE(link_in("pod", "eth0").is_null());
    if (del_fails) continue;
    EXPECT_TRUE(nothing_changed_since(before));
  }
}

TEST_F(Conformance, I09_FailedIpamAddIsDeletedButADuplicateNeverAsks) {
  FakePlugin fake("fake");
  fake.fails("ADD", 111, "half of it was taken");
  EXPECT_TRUE(failed_with(111, run("ADD", delegated_conf("fake"))));
  EXPECT_THAT(fake.calls(), testing::IsSupersetOf({"ADD", "DEL"}));
  fake.leases("10.9.0.2/24", "10.9.0.1");
  add(delegated_conf("fake"));
  const std::size_t calls = fake.calls().size();
  EXPECT_TRUE(failed(run("ADD", delegated_conf("fake"))));
  EXPECT_EQ(fake.calls().size(), calls) << "a duplicate ADD must not reach IPAM, least of all with a DEL";
  EXPECT_TRUE(reaches("", "10.9.0.2"));
}

TEST_F(Conformance, I01_I03_OfficialPluginsServeAddresses) {
  const Picture before = picture();
  for (const char* version : {"0.2.0", "0.3.1", "0.4.0", "1.0.0"}) {
    Json local = delegated_conf("host-local", version);
    local["ipam"].update({{"subnet", "10.77.0.0/24"}, {"dataDir", "/run/host-local"}});
    Json fixed = delegated_conf("static", version);
    fixed["ipam"]["addresses"] = Json::array({{{"address", "10.78.0.5/24"}, {"gateway", "10.78.0.1"}}});
    for (const Json& with : {local, fixed}) {
      Json result = add(with);
      EXPECT_FALSE(addresses_in("pod", "eth0").empty()) << result;
      if (version >= std::string("0.4.0")) {
        EXPECT_TRUE(succeeded(run("CHECK", with_prev(with, result))));
      }
      EXPECT_TRUE(succeeded(run("DEL", with)));
      shell("rm -f /run/host-local/net1/lock");
      EXPECT_TRUE(nothing_changed_since(before)) << with;
    }
  }
}

}  // namespace
}  // namespace isthmus::test
