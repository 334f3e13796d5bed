// E: the environment a runtime calls with.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/e2e/conformance/harness.h"

namespace isthmus::test {
namespace {

using testing::HasSubstr;

TEST_F(Conformance, E01_WithoutCommandItSaysWhatItIs) {
  for (bool set : {false, true}) {
    Call about("", conf());
    if (!set) about.without("CNI_COMMAND");
    Outcome outcome = about.run();
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr(plugin_type()));
    for (const std::string& version : kVersions) {
      if (version > newest_version()) continue;
      EXPECT_THAT(outcome.err, HasSubstr(version));
    }
  }
}

TEST_F(Conformance, E02_UnknownCommandIsQuoted) {
  for (const char* command : {"FOO", "add", "ADD "}) {
    Outcome outcome = run(command, conf());
    EXPECT_TRUE(failed_with(4, outcome));
    EXPECT_THAT(error_text(outcome), HasSubstr(command));
  }
}

TEST_F(Conformance, E03_AllMissingVariablesAreNamedAtOnce) {
  const std::map<std::string, std::vector<std::string>> required = {
      {"ADD", {"CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"}},
      {"CHECK", {"CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"}},
      {"DEL", {"CNI_CONTAINERID", "CNI_IFNAME"}}};
  for (const auto& [verb, names] : required) {
    for (unsigned missing = 1; missing < (1U << names.size()); ++missing) {
      Call incomplete = call(verb, conf());
      for (std::size_t i = 0; i < names.size(); ++i) {
        if ((missing >> i & 1U) == 0) continue;
        // Set but empty is as good as missing.
        if (i % 2 == 0) incomplete.without(names[i]);
        if (i % 2 == 1) incomplete.env(names[i], "");
      }
      Outcome outcome = incomplete.run();
      EXPECT_TRUE(failed_with(4, outcome)) << verb;
      for (std::size_t i = 0; i < names.size(); ++i)
        EXPECT_EQ((missing >> i & 1U) != 0, error_text(outcome).find(names[i]) != std::string::npos)
            << verb << " " << names[i] << ": " << outcome.out;
    }
  }
}

TEST_F(Conformance, E04_MissingPathIsAnErrorWhereItIsNeeded) {
  Outcome gc = call("GC", with_valid(conf(), {})).without("CNI_PATH").run();
  EXPECT_TRUE(failed_with(4, gc));
  EXPECT_THAT(error_text(gc), HasSubstr("CNI_PATH"));
  FakePlugin fake("fake");
  fake.leases("10.9.0.2/24", "10.9.0.1");
  const Json delegated = delegated_conf("fake");
  const Json prev = add(delegated);
  for (const char* verb : {"ADD", "CHECK", "STATUS", "DEL"}) {
    Call pathless = call(verb, with_prev(delegated, prev)).without("CNI_PATH");
    if (verb == std::string("ADD")) pathless = Call(verb, delegated).ifname("eth1").without("CNI_PATH");
    Outcome outcome = pathless.run();
    EXPECT_TRUE(failed_with(4, outcome)) << verb;
    EXPECT_THAT(error_text(outcome), HasSubstr("CNI_PATH")) << verb;
  }
}

TEST_F(Conformance, E05_GcAndStatusIgnoreVariablesOfOtherVerbs) {
  add(conf());
  for (const char* value : {"", "-x", "a/b c\n", "dummy", ";;=;"}) {
    for (const char* verb : {"GC", "STATUS"}) {
      Outcome outcome =
          call(verb, with_valid(conf(), {{"c1", "eth0"}})).id(value).netns(value).ifname(value).args(value).run();
      EXPECT_TRUE(succeeded(outcome)) << verb << " with '" << value << "'";
    }
  }
  EXPECT_EQ(records().size(), 1U);
}

TEST_F(Conformance, E06_ContainerIdKeepsToItsAlphabet) {
  const Picture before = picture();
  for (const char* id : {"-x", "_x", ".x", "a/b", "a b", "abc\n", "a:b", "\xc3\xa4", "a\xc3\xa4", "../c1"})
    for (const char* verb : {"ADD", "CHECK", "DEL"})
      EXPECT_TRUE(failed_with(4, call(verb, conf()).id(id).run())) << verb << " '" << id << "'";
  EXPECT_TRUE(nothing_changed_since(before));
  for (const std::string& id :
       {std::string("a"), std::string("0"), std::string("A_b.c-9"), std::string(200, 'x'), std::string(255, 'y')}) {
    Json result = result_of(call("ADD", conf()).id(id).run());
    EXPECT_TRUE(succeeded(call("CHECK", with_prev(conf(), result)).id(id).run())) << id;
    EXPECT_TRUE(succeeded(call("DEL", conf()).id(id).run())) << id;
    EXPECT_TRUE(nothing_changed_since(before)) << id;
  }
}

TEST_F(Conformance, E07_IfnameKeepsToTheKernelsRules) {
  const Picture before = picture();
  for (const char* name : {"abcdefghijklmnop", ".", "..", "a/b", "a:b", "a b", "a\tb", "a\n", "a\xe2\x80\x83"})
    for (const char* verb : {"ADD", "CHECK", "DEL"})
      EXPECT_TRUE(failed_with(4, call(verb, conf()).ifname(name).run())) << verb << " '" << name << "'";
  EXPECT_TRUE(nothing_changed_since(before));
  for (const char* name : {"abcdefghijklmno", "x", "net-1.2_3"}) {
    EXPECT_TRUE(succeeded(call("ADD", conf()).ifname(name).run())) << name;
    EXPECT_FALSE(link_in("pod", name).is_null()) << name;
    EXPECT_TRUE(succeeded(call("DEL", conf()).ifname(name).run())) << name;
  }
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, E08_NetnsThatIsNoneIsAnError) {
  write_file("/run/netns/file", "");
  shell("ln -s /run/netns/nowhere /run/netns/dangling; mkdir /run/netns/directory");
  const Picture before = picture();
  for (const char* path : {"/run/netns/absent", "/run/netns/file", "/run/netns/dangling", "/run/netns/directory",
                           "/proc/self/ns/mnt", "/dev/null", "pod", "/proc/1/ns/net/x"}) {
    Outcome outcome = call("ADD", conf()).netns(path).run();
    EXPECT_TRUE(failed(outcome)) << path;
    EXPECT_THAT(error_text(outcome), HasSubstr(path));
    const Json prev = {{"cniVersion", newest_version()}, {"ips", Json::array()}};
    EXPECT_TRUE(failed(call("CHECK", with_prev(conf(), prev)).netns(path).run())) << path;
  }
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, E09_OurOwnNetnsIsRefusedBeforeAnythingChanges) {
  FakePlugin fake("fake");
  fake.leases("10.9.0.2/24", "10.9.0.1");
  shell(
      "touch /run/netns/host && mount --bind /proc/self/ns/net /run/netns/host; ip link add eth0 type veth peer name "
      "peer0");
  const Picture before = picture();
  for (const char* path : {"/proc/self/ns/net", "/run/netns/host"}) {
    for (const char* verb : {"ADD", "DEL"}) {
      EXPECT_TRUE(failed_with(8, call(verb, conf()).netns(path).run())) << verb << " " << path;
      EXPECT_TRUE(failed_with(8, call(verb, delegated_conf("fake")).netns(path).run())) << verb << " " << path;
      EXPECT_TRUE(nothing_changed_since(before)) << verb << " " << path;
    }
  }
  EXPECT_TRUE(fake.calls().empty()) << "IPAM was asked before the namespace was proved";
}

TEST_F(Conformance, E10_TheOwnNetnsIsAllowedOnRequest) {
  shell("touch /run/netns/host && mount --bind /proc/self/ns/net /run/netns/host");
  const Picture before = picture();
  for (const char* value : {"1", "true", "TRUE"}) {
    Outcome outcome = call("ADD", conf()).pod("host").env("CNI_NETNS_OVERRIDE", value).run();
    EXPECT_TRUE(succeeded(outcome)) << value;
    EXPECT_FALSE(host_link("eth0").is_null()) << value;
    EXPECT_TRUE(succeeded(call("DEL", conf()).pod("host").env("CNI_NETNS_OVERRIDE", value).run())) << value;
    EXPECT_TRUE(nothing_changed_since(before)) << value;
  }
  EXPECT_TRUE(failed_with(8, call("ADD", conf()).pod("host").env("CNI_NETNS_OVERRIDE", "0").run()));
}

}  // namespace
}  // namespace isthmus::test
