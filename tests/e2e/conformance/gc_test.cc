// G: GC removes what the runtime no longer knows, and nothing else.
#include <gmock/gmock.h>

#include <thread>

#include "tests/e2e/conformance/harness.h"

namespace isthmus::test {
namespace {

using testing::HasSubstr;

TEST_F(Conformance, G01_ExactlyTheUnlistedAreRemoved) {
  make_pod("other");
  Json kept = add(conf(), "c1", "pod");
  const Picture only_first = picture();
  result_of(call("ADD", conf()).id("c1").ifname("eth1").run());
  add(conf(), "c2", "other");
  EXPECT_TRUE(succeeded(run("GC", with_valid(conf(), {{"c1", "eth0"}, {"c9", "eth0"}}))));
  EXPECT_EQ(records(), std::set<std::string>{"c1:eth0"});
  EXPECT_TRUE(nothing_changed_since(only_first));
  EXPECT_TRUE(reaches("", address_of(kept)));
}

TEST_F(Conformance, G02_EmptyOrNullListRemovesAllOfTheNetwork) {
  make_pod("other");
  const Picture before = picture();
  for (const Json& list : {Json::array(), Json()}) {
    add(conf(), "c1", "pod");
    add(dual_stack_conf(), "c2", "other");
    Json with = conf();
    with["cni.dev/valid-attachments"] = list;
    EXPECT_TRUE(succeeded(run("GC", with))) << list;
    EXPECT_TRUE(nothing_changed_since(before)) << list;
    EXPECT_TRUE(leases().empty()) << list;
  }
}

TEST_F(Conformance, G03_OldKeyIsReadAndTheNewOneWins) {
  const Json c1 = Json::array({{{"containerID", "c1"}, {"ifname", "eth0"}}});
  add(conf());
  Json old_key = conf();
  old_key["cni.dev/attachments"] = c1;
  EXPECT_TRUE(succeeded(run("GC", old_key)));
  EXPECT_EQ(records().size(), 1U);
  Json both = old_key;
  both["cni.dev/attachments"] = Json::array();
  both["cni.dev/valid-attachments"] = c1;
  EXPECT_TRUE(succeeded(run("GC", both)));
  EXPECT_EQ(records().size(), 1U);
  both["cni.dev/attachments"] = c1;
  both["cni.dev/valid-attachments"] = Json::array();
  EXPECT_TRUE(succeeded(run("GC", both)));
  EXPECT_TRUE(records().empty());
}

TEST_F(Conformance, G04_WithoutAnyListNothingIsRemoved) {
  add(conf());
  const Picture before = picture();
  Outcome outcome = run("GC", conf());
  EXPECT_TRUE(succeeded(outcome));
  EXPECT_FALSE(outcome.err.empty()) << "no warning";
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, G05_MalformedListRemovesNothing) {
  add(conf());
  const Picture before = picture();
  const Json good = {{"containerID", "c1"}, {"ifname", "eth0"}};
  for (const Json& list : {Json("c1"), Json(5), Json::object(), Json(true), Json::array({"c1"}), Json::array({nullptr}),
                           Json::array({good, 7}), Json::array({good, {{"containerID", "c2"}}}),
                           Json::array({{{"ifname", "eth0"}}}), Json::array({{{"containerID", 5}, {"ifname", "eth0"}}}),
                           Json::array({{{"containerID", ""}, {"ifname", ""}}})}) {
    Json with = conf();
    with["cni.dev/valid-attachments"] = list;
    Outcome outcome = run("GC", with);
    unsigned code = error_of(outcome).value("code", 0U);
    EXPECT_TRUE(code == 6 || code == 7) << list << ": " << outcome.out;
  }
  EXPECT_TRUE(nothing_changed_since(before));
}

TEST_F(Conformance, G06_OtherNetworksAndForeignThingsStay) {
  make_pod("other");
  Json net2 = conf();
  net2["name"] = "net2";
  net2["ipam"]["subnet"] = "10.244.2.0/24";
  Json kept = add(net2, "c2", "other");
  shell(
      "ip link add ist0123456789ab type veth peer name peer0; ip link add veth7 type veth peer name veth8; "
      "ip route add 10.244.1.99 dev lo; nft add table ip isthmus7");
  write_file("/etc/netns/foreign", "x");
  const Picture before = picture();
  add(conf());
  EXPECT_TRUE(succeeded(run("GC", with_valid(conf(), {}))));
  EXPECT_TRUE(nothing_changed_since(before));
  EXPECT_TRUE(reaches("", address_of(kept)));
  EXPECT_EQ(leases("net2").size(), 1U);
}

TEST_F(Conformance, G07_DelegateGetsGcWithTheSameStdin) {
  FakePlugin fake("fake");
  fake.leases("10.9.0.2/24", "10.9.0.1");
  add(delegated_conf("fake"));
  const Json with = with_valid(delegated_conf("fake"), {{"c1", "eth0"}});
  const std::string bytes = "  " + with.dump(3) + "\n";
  EXPECT_TRUE(succeeded(Call("GC", bytes).run()));
  EXPECT_EQ(fake.count("GC"), 1U);
  EXPECT_EQ(fake.input_of("GC"), bytes);
  fake.fails("GC", 125, "cannot collect");
  Outcome outcome = Call("GC", bytes).run();
  EXPECT_TRUE(failed_with(125, outcome));
  EXPECT_THAT(error_text(outcome), HasSubstr("cannot collect"));
}

TEST_F(Conformance, G08_OneFailureDoesNotStopTheRest) {
  std::vector<std::string> pods = {"p1", "p2", "p3", "p4"};
  for (const std::string& pod : pods) {
    make_pod(pod);
    add(conf(), pod, pod);
  }
  // Two records cannot be removed.
  shell("chattr +i " + record_path("p1:eth0") + " " + record_path("p3:eth0"));
  Outcome outcome = run("GC", with_valid(conf(), {}));
  EXPECT_TRUE(failed(outcome));
  EXPECT_THAT(error_text(outcome), HasSubstr("p1"));
  EXPECT_THAT(error_text(outcome), HasSubstr("p3"));
  EXPECT_TRUE(link_in("p2", "eth0").is_null());
  EXPECT_TRUE(link_in("p4", "eth0").is_null());
  EXPECT_EQ(records(), (std::set<std::string>{"p1:eth0", "p3:eth0"}));
  shell("chattr -i " + record_path("p1:eth0") + " " + record_path("p3:eth0"));
  EXPECT_TRUE(succeeded(run("GC", with_valid(conf(), {}))));
  EXPECT_TRUE(records().empty() && leases().empty() && host_links().empty());
}

TEST_F(Conformance, G09_AddInFlightIsNotCollected) {
  FakePlugin slow("slow");
  slow.leases("10.9.0.2/24", "10.9.0.1");
  slow.on("ADD", "while [ ! -e $DIR/go ]; do sleep 0.02; done; cat $DIR/ADD.answer");
  Process adding = call("ADD", delegated_conf("slow")).start();
  for (int i = 0; i < 300 && slow.count("ADD") == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  Outcome collected = run("GC", with_valid(delegated_conf("slow"), {}));
  EXPECT_TRUE(succeeded(collected));
  EXPECT_LT(collected.ms, 5000) << "GC waited for the ADD";
  EXPECT_EQ(slow.count("DEL"), 0U);
  write_file(slow.directory() + "/go", "");
  EXPECT_TRUE(succeeded(adding.finish()));
  EXPECT_EQ(records().size(), 1U);
  EXPECT_TRUE(reaches("", "10.9.0.2"));
}

TEST_F(Conformance, G09_EmbeddedAddsBesideGcStayWhole) {
  // The list is always right about what is complete; ADDs beside it must come out whole.
  for (int i = 0; i < 12; ++i)
    make_pod("p" + std::to_string(i));
  std::vector<Process> adds;
  std::vector<Process> collections;
  std::vector<std::pair<std::string, std::string>> all;
  for (int i = 0; i < 12; ++i)
    all.emplace_back("p" + std::to_string(i), "eth0");
  for (const auto& [pod, ifname] : all) {
    adds.push_back(call("ADD", conf()).id(pod).pod(pod).start());
    collections.push_back(call("GC", with_valid(conf(), all)).start());
  }
  for (Process& process : collections)
    EXPECT_TRUE(succeeded(process.finish()));
  for (std::size_t i = 0; i < adds.size(); ++i) {
    Json result = result_of(adds[i].finish());
    EXPECT_TRUE(reaches("", address_of(result))) << i;
  }
  EXPECT_EQ(leases().size(), 12U);
}

TEST_F(Conformance, G10_RepeatedAndEmptyGcSucceeds) {
  const Picture before = picture();
  for (int i = 0; i < 3; ++i) {
    Outcome outcome = run("GC", with_valid(conf(), {{"c1", "eth0"}}));
    EXPECT_TRUE(succeeded(outcome));
    EXPECT_EQ(outcome.out + outcome.err, "");
  }
  EXPECT_TRUE(nothing_changed_since(before));
}

}  // namespace
}  // namespace isthmus::test
