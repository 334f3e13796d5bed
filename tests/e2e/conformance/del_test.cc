// D: DEL takes everything away, whatever is missing.
#include <gmock/gmock.h>

#include "tests/e2e/conformance/harness.h"

namespace isthmus::test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(Conformance, D01_DelAfterAddLeavesNothing) {
  const Picture before = picture();
  for (const Json& with : {conf(), dual_stack_conf()}) {
    Json result = add(with);
    EXPECT_TRUE(succeeded(run("DEL", with_prev(with, result))));
    EXPECT_TRUE(nothing_changed_since(before));
  }
}

TEST_F(Conformance, D02_DelIsIdempotentAndNeedsNoAdd) {
  const Picture before = picture();
  EXPECT_TRUE(succeeded(run("DEL", conf())));
  EXPECT_TRUE(nothing_changed_since(before));
  add(conf());
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(succeeded(run("DEL", conf())));
  EXPECT_TRUE(nothing_changed_since(before));
  // After a failed ADD.
  FakePlugin fake("fake");
  fake.fails("ADD", 101, "no");
  EXPECT_TRUE(failed(run("ADD", delegated_conf("fake"))));
  EXPECT_TRUE(succeeded(run("DEL", delegated_conf("fake"))));
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, D03_DelWithoutNetnsReleasesEverythingOnTheHost) {
  const Picture before = picture();
  for (const char* how : {"unset", "empty", "missing"}) {
    add(dual_stack_conf());
    Call del = call("DEL", dual_stack_conf());
    if (how == std::string("unset")) del.without("CNI_NETNS");
    if (how == std::string("empty")) del.netns("");
    if (how == std::string("missing")) del.pod("absent");
    EXPECT_TRUE(succeeded(del.run())) << how;
    EXPECT_TRUE(leases().empty()) << how;
    EXPECT_TRUE(nothing_changed_since(before)) << how;
  }
  // The namespace itself is gone, and with it the link.
  add(dual_stack_conf());
  remove_pod("pod");
  EXPECT_TRUE(succeeded(run("DEL", dual_stack_conf())));
  EXPECT_TRUE(leases().empty() && records().empty());
  EXPECT_TRUE(host_links().empty());
}

TEST_F(Conformance, D03_DelWhenTheInterfaceIsGone) {
  const Picture before = picture();
  add(conf());
  shell("ip -n pod link del eth0");
  EXPECT_TRUE(succeeded(run("DEL", conf())));
  EXPECT_TRUE(nothing_changed_since(before));
  // Renamed by the workload: still ours.
  add(conf());
  shell("ip -n pod link set eth0 down; ip -n pod link set eth0 name renamed");
  EXPECT_TRUE(succeeded(run("DEL", conf())));
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, D04_NetnsThatIsAPlainFileIsAsGone) {
  write_file("/run/netns/file", "");
  shell("ln -s /run/netns/nowhere /run/netns/dangling; mkdir /run/netns/directory");
  const Picture before = picture();
  for (const char* name : {"file", "dangling", "directory"}) {
    add(conf());
    EXPECT_TRUE(succeeded(call("DEL", conf()).pod(name).run())) << name;
    EXPECT_TRUE(nothing_changed_since(before)) << name;
  }
  add(conf());
  EXPECT_TRUE(succeeded(call("DEL", conf()).netns("/proc/self/ns/mnt").run()));
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, D05_PrevResultDoesNotMatter) {
  const Picture before = picture();
  for (const Json& prev :
       {Json(), Json::object(), Json(5), Json("x"), Json::array(), Json{{"cniVersion", "9.9.9"}},
        Json{{"cniVersion", "1.1.0"}, {"ips", Json::array({{{"address", "zebra"}}})}}, Json{{"interfaces", 7}}}) {
    add(conf());
    EXPECT_TRUE(succeeded(run("DEL", with_prev(conf(), prev)))) << prev;
    EXPECT_TRUE(nothing_changed_since(before)) << prev;
  }
}

TEST_F(Conformance, D06_IpamDelRunsAlwaysAndAfterTheLinkIsGone) {
  FakePlugin fake("fake");
  fake.leases("10.9.0.2/24", "10.9.0.1").on("DEL", "ip -o link show type veth > $DIR/links");
  const Json with = delegated_conf("fake");
  add(with);
  EXPECT_TRUE(succeeded(run("DEL", with)));
  EXPECT_EQ(fake.count("DEL"), 1U);
  EXPECT_EQ(fake.file("links"), "") << "the address was free while the link still had it";
  // Without ADD, without netns, repeated.
  EXPECT_TRUE(succeeded(run("DEL", with)));
  EXPECT_TRUE(succeeded(call("DEL", with).without("CNI_NETNS").run()));
  EXPECT_EQ(fake.count("DEL"), 3U);
  // The link cannot be removed: IPAM is asked all the same.
  add(with);
  Call powerless = call("DEL", with);
  powerless.setup.without_net_admin = true;
  EXPECT_TRUE(failed(powerless.run()));
  EXPECT_EQ(fake.count("DEL"), 4U);
  EXPECT_TRUE(succeeded(run("DEL", with)));
  EXPECT_TRUE(host_links().empty());
}

TEST_F(Conformance, D07_RealErrorIsReportedAndTheRestIsDone) {
  const Picture before = picture();
  FakePlugin fake("fake");
  fake.leases("10.9.0.2/24", "10.9.0.1").fails("DEL", 123, "the pool is on fire", "bring water");
  const Json with = delegated_conf("fake");
  add(with);
  Outcome outcome = run("DEL", with);
  EXPECT_TRUE(failed_with(123, outcome));
  EXPECT_THAT(error_text(outcome), HasSubstr("the pool is on fire"));
  EXPECT_TRUE(host_links().empty());
  EXPECT_TRUE(link_in("pod", "eth0").is_null());
  fake.on("DEL", "");
  EXPECT_TRUE(succeeded(run("DEL", with)));
  EXPECT_TRUE(nothing_changed_since(before));
  // The kernel refuses to remove the link.
  add(with);
  Call powerless = call("DEL", with);
  powerless.setup.without_net_admin = true;
  EXPECT_TRUE(failed(powerless.run()));
  EXPECT_TRUE(succeeded(run("DEL", with)));
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, D08_TextOfARealErrorDoesNotSoundLikeSuccess) {
  std::vector<std::string> texts;
  add(conf());
  Call powerless = call("DEL", conf());
  powerless.setup.without_net_admin = true;
  texts.push_back(error_text(powerless.run()));
  FakePlugin fake("fake");
  fake.leases("10.9.0.2/24", "10.9.0.1");
  make_pod("other");
  add(delegated_conf("fake"), "c2", "other");
  texts.push_back(error_text(call("DEL", delegated_conf("absent")).id("c3").run()));
  fake.on("DEL", "exit 3");
  texts.push_back(error_text(call("DEL", delegated_conf("fake")).id("c2").run()));
  fake.on("DEL", "kill -9 $$");
  texts.push_back(error_text(call("DEL", delegated_conf("fake")).id("c2").run()));
  for (const std::string& text : texts) {
    EXPECT_THAT(text, Not(HasSubstr("not found")));
    EXPECT_THAT(text, Not(HasSubstr("no such file or directory")));
  }
}

TEST_F(Conformance, D09_OthersOfTheNetworkAreUnaffected) {
  make_pod("other");
  Json other = add(dual_stack_conf(), "c2", "other");
  result_of(call("ADD", dual_stack_conf()).id("c2").ifname("eth1").pod("other").run());
  const Picture before = picture();
  add(dual_stack_conf());
  EXPECT_TRUE(succeeded(run("DEL", dual_stack_conf())));
  EXPECT_TRUE(nothing_changed_since(before));
  EXPECT_TRUE(reaches("", address_of(other)));
}

TEST_F(Conformance, D10_LateDelTakesNothingFromTheAddressesNewOwner) {
  make_pod("other");
  Json first = add(conf());
  const std::string address = address_of(first);
  // The first one's namespace died and its lease was freed by somebody; the address has a new owner.
  shell("ip link del " + host_end_of(first) + "; rm " + kStateDir + ("/networks/net1/leases/" + address));
  Json second = result_of(call("ADD", conf()).id("c2").pod("other").args("IP=" + address).run());
  ASSERT_EQ(address_of(second), address);
  EXPECT_TRUE(succeeded(run("DEL", with_prev(conf(), first))));
  EXPECT_TRUE(leases().contains(address));
  EXPECT_TRUE(reaches("", address));
  EXPECT_TRUE(succeeded(call("CHECK", with_prev(conf(), second)).id("c2").pod("other").run()));
}

TEST_F(Conformance, D11_ChangedConfigurationStillFindsItsLeftovers) {
  const Picture before = picture();
  FakePlugin fake("fake");
  fake.leases("10.9.0.2/24", "10.9.0.1");
  Json without_ipam = conf();
  without_ipam.erase("ipam");
  Json other_subnet = conf();
  other_subnet["ipam"]["subnet"] = "10.99.0.0/24";
  Json other_mode = conf();
  other_mode["mode"] = "bridge";
  for (const Json& changed : {without_ipam, other_subnet, other_mode, delegated_conf("fake")}) {
    add(conf());
    EXPECT_TRUE(succeeded(run("DEL", changed))) << changed;
    EXPECT_TRUE(nothing_changed_since(before)) << changed;
  }
  // The other way round: a delegate was asked then, it has to be asked now.
  for (const Json& changed : {without_ipam, conf()}) {
    const std::size_t asked = fake.count("DEL");
    add(delegated_conf("fake"));
    EXPECT_TRUE(succeeded(run("DEL", changed))) << changed;
    EXPECT_EQ(fake.count("DEL"), asked + 1) << changed;
    EXPECT_TRUE(nothing_changed_since(before)) << changed;
  }
}

}  // namespace
}  // namespace isthmus::test
