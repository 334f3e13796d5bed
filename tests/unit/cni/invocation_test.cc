#include "plugin/cni/invocation.h"

#include "cni_testing.h"

namespace isthmus {
namespace {

using test::Environment;
using test::full_environment;
using test::getenv_of;

Answer<Invocation> invoke(Verb verb, const Environment& environment) {
  return parse_invocation(verb, getenv_of(environment));
}

CniArgs args_of(const std::string& text) {
  Environment environment = full_environment();
  environment["CNI_ARGS"] = text;
  auto invocation = invoke(Verb::add, environment);
  EXPECT_TRUE(invocation) << text << ": " << invocation.error().msg;
  return invocation ? invocation->args : CniArgs();
}

TEST(Invocation, E02_CommandsAreExactWords) {
  for (Verb verb : {Verb::add, Verb::del, Verb::check, Verb::gc, Verb::status, Verb::version}) {
    auto parsed = parse_verb(to_text(verb));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, verb);
  }
  for (const char* bad : {"FOO", "add", "ADD ", ""}) {
    auto parsed = parse_verb(bad);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, 4u);
    EXPECT_NE(parsed.error().msg.find("'" + std::string(bad) + "'"), std::string::npos) << parsed.error().msg;
  }
}

TEST(Invocation, E03_AllMissingVariablesAreNamed) {
  for (Verb verb : {Verb::add, Verb::check, Verb::del}) {
    auto invocation = invoke(verb, {{"CNI_CONTAINERID", ""}, {"CNI_PATH", "/x"}});
    ASSERT_FALSE(invocation);
    EXPECT_EQ(invocation.error().code, 4u);
    const std::string& msg = invocation.error().msg;
    EXPECT_NE(msg.find("CNI_CONTAINERID"), std::string::npos) << msg;
    EXPECT_NE(msg.find("CNI_IFNAME"), std::string::npos) << msg;
    EXPECT_EQ(msg.find("CNI_NETNS") == std::string::npos, verb == Verb::del) << msg;
    EXPECT_NE(msg.find("[env-missing]"), std::string::npos) << msg;
  }
}

TEST(Invocation, E04_OnlyGcNeedsPath) {
  Environment environment = full_environment();
  environment.erase("CNI_PATH");
  for (Verb verb : {Verb::add, Verb::del, Verb::check, Verb::status, Verb::version})
    EXPECT_TRUE(invoke(verb, environment)) << to_text(verb);
  auto gc = invoke(Verb::gc, environment);
  ASSERT_FALSE(gc);
  EXPECT_EQ(gc.error().code, 4u);
  EXPECT_NE(gc.error().msg.find("CNI_PATH"), std::string::npos);
}

TEST(Invocation, E05_VerbsWithoutAnAttachmentIgnoreItsVariables) {
  for (const char* junk : {"", "dummy", "-not/legal\n"}) {
    Environment environment = {{"CNI_CONTAINERID", junk},
                               {"CNI_NETNS", junk},
                               {"CNI_IFNAME", "far too long a name"},
                               {"CNI_ARGS", "MAC=junk;IP=junk"},
                               {"CNI_PATH", "/opt/cni/bin"}};
    for (Verb verb : {Verb::gc, Verb::status, Verb::version}) {
      auto invocation = invoke(verb, environment);
      ASSERT_TRUE(invocation) << invocation.error().msg;
      EXPECT_FALSE(invocation->container_id.has_value());
      EXPECT_FALSE(invocation->ifname.has_value());
      EXPECT_EQ(invocation->netns, "");
    }
  }
}

TEST(Invocation, E06_IllegalContainerIdNamesTheVariable) {
  Environment environment = full_environment();
  environment["CNI_CONTAINERID"] = "abc\n";
  auto invocation = invoke(Verb::del, environment);
  ASSERT_FALSE(invocation);
  EXPECT_EQ(invocation.error().code, 4u);
  EXPECT_NE(invocation.error().msg.find("CNI_CONTAINERID = 'abc\\x0a'"), std::string::npos) << invocation.error().msg;
}

TEST(Invocation, E07_IllegalIfname) {
  Environment environment = full_environment();
  for (const char* bad : {"sixteen-bytes-xx", ".", "..", "a/b", "a:b", "a b"}) {
    environment["CNI_IFNAME"] = bad;
    auto invocation = invoke(Verb::add, environment);
    ASSERT_FALSE(invocation) << bad;
    EXPECT_EQ(invocation.error().code, 4u);
    EXPECT_NE(invocation.error().msg.find("CNI_IFNAME"), std::string::npos) << invocation.error().msg;
    EXPECT_NE(invocation.error().msg.find("[bad-ifname]"), std::string::npos) << invocation.error().msg;
  }
  environment["CNI_IFNAME"] = "fifteen-bytes-x";
  EXPECT_TRUE(invoke(Verb::add, environment));
}

TEST(Invocation, E10_NetnsOverride) {
  for (auto [text, expected] : std::map<std::string, bool>{{"1", true},
                                                           {"true", true},
                                                           {"TRUE", true},
                                                           {"True", true},
                                                           {"", false},
                                                           {"0", false},
                                                           {"yes", false},
                                                           {"11", false}}) {
    Environment environment = full_environment();
    environment["CNI_NETNS_OVERRIDE"] = text;
    auto invocation = invoke(Verb::add, environment);
    ASSERT_TRUE(invocation);
    EXPECT_EQ(invocation->netns_override, expected) << text;
  }
}

TEST(Invocation, NetnsIsKeptByteForByte) {
  Environment environment = full_environment();
  environment["CNI_NETNS"] = "/var/run/netns//c1/";
  auto invocation = invoke(Verb::add, environment);
  ASSERT_TRUE(invocation);
  EXPECT_EQ(invocation->netns, "/var/run/netns//c1/");
  EXPECT_EQ(invocation->id().text(), "c1");
  EXPECT_EQ(invocation->interface().text(), "eth0");
  EXPECT_EQ(invocation->path, "/opt/cni/bin");
}

TEST(CniArgs, K05_UnknownKeysAreFine) {
  for (const char* text :
       {"FOO=bar", "IgnoreUnknown=1;FOO=bar", "IgnoreUnknown=0;FOO=bar", "junk", ";;;", "=", "a=b=c"})
    EXPECT_FALSE(args_of(text).mac.has_value()) << text;
}

TEST(CniArgs, K06_AnyOrderTrailingSemicolonAndEqualsInValue) {
  CniArgs args = args_of(
      "K8S_POD_NAME=web=1;MAC=02:00:00:00:00:77;IgnoreUnknown=1;K8S_POD_NAMESPACE=default;IP=10.1.2.3,fd00::3/64;"
      "K8S_POD_UID=u-1;");
  EXPECT_EQ(args.pod_name, "web=1");
  EXPECT_EQ(args.pod(), "default/web=1");
  EXPECT_EQ(args.pod_uid, "u-1");
  ASSERT_TRUE(args.mac.has_value());
  EXPECT_EQ(args.mac->text(), "02:00:00:00:00:77");
  EXPECT_EQ(args.ips, (std::vector<std::string>{"10.1.2.3", "fd00::3/64"}));
  EXPECT_EQ(args_of("K8S_POD_NAME=web").pod(), "web");
  EXPECT_EQ(args_of("").pod(), "");
  EXPECT_FALSE(args_of("MAC=;IP=").mac.has_value());
}

TEST(CniArgs, K06_MalformedOwnKeyIsCode4ButNeverStopsDel) {
  Environment environment = full_environment();
  for (const char* bad : {"MAC=junk", "MAC=01:00:00:00:00:01", "IP=junk", "IP=10.0.0.1,300.0.0.1", "IP=10.0.0.1/33"}) {
    environment["CNI_ARGS"] = std::string("K8S_POD_NAME=web;") + bad;
    for (Verb verb : {Verb::add, Verb::check}) {
      auto invocation = invoke(verb, environment);
      ASSERT_FALSE(invocation) << bad;
      EXPECT_EQ(invocation.error().code, 4u);
      EXPECT_NE(invocation.error().msg.find("CNI_ARGS"), std::string::npos) << invocation.error().msg;
      EXPECT_NE(invocation.error().msg.find("[bad-args]"), std::string::npos) << invocation.error().msg;
    }
    auto del = invoke(Verb::del, environment);
    ASSERT_TRUE(del) << bad;
    EXPECT_EQ(del->args.pod_name, "web");
    EXPECT_FALSE(del->args.mac.has_value());
  }
}

}  // namespace
}  // namespace isthmus
