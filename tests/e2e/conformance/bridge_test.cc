// The numbered checks whose subject is bridge mode.
#include "tests/e2e/conformance/harness.h"

namespace isthmus::test {
namespace {

class BridgeConformance : public Conformance {
 protected:
  static Json bridge_conf() {
    Json made = conf();
    made["mode"] = "bridge";
    made["bridge"] = "br0";
    made["isDefaultGateway"] = true;
    return made;
  }
  void TearDown() override {
    shell("ip link del br0 2>/dev/null || :");
    Conformance::TearDown();
  }
};

TEST_F(BridgeConformance, A12_AddReturnsWhenThePortForwards) {
  if (!is_isthmus()) GTEST_SKIP() << "the official plugin's configuration differs";
  for (int i = 0; i < 20; ++i) {
    Json result = add(bridge_conf());
    const std::string port = result["interfaces"][1]["name"];
    EXPECT_EQ(ip_json("-d link show dev " + port)[0]["linkinfo"]["info_slave_data"]["state"], "forwarding");
    EXPECT_TRUE(succeeded(del(bridge_conf())));
  }
}

TEST_F(BridgeConformance, A15_ABridgeThatIsNoneOrConflictsIsAClearError) {
  if (!is_isthmus()) GTEST_SKIP() << "the official plugin's configuration differs";
  shell("ip link add br0 type veth peer name br0x");
  Picture before = picture();
  Outcome none = run("ADD", bridge_conf());
  EXPECT_TRUE(failed(none));
  EXPECT_NE(error_text(none).find("bridge-not-one"), std::string::npos);
  EXPECT_TRUE(nothing_changed_since(before));
  shell("ip link del br0; ip link add br0 type bridge; ip addr add 10.244.1.77/24 dev br0; ip link set br0 up");
  Picture other = picture();
  Outcome conflict = run("ADD", bridge_conf());
  EXPECT_TRUE(failed(conflict));
  EXPECT_NE(error_text(conflict).find("it has 10.244.1.77/24 already"), std::string::npos);
  EXPECT_TRUE(nothing_changed_since(other));
}

TEST_F(BridgeConformance, C07_DamageToThePortIsNoticed) {
  if (!is_isthmus()) GTEST_SKIP() << "the official plugin's configuration differs";
  Json conf = bridge_conf();
  conf["ipMasq"] = true;
  Json result = add(conf);
  const std::string port = result["interfaces"][1]["name"];
  EXPECT_TRUE(succeeded(run("CHECK", with_prev(conf, result))));
  shell("nft delete table inet isthmus; ip link set " + port + " nomaster");
  Outcome outcome = run("CHECK", with_prev(conf, result));
  EXPECT_TRUE(failed(outcome));
  EXPECT_NE(error_text(outcome).find("is no port of bridge 'br0'"), std::string::npos);
  EXPECT_NE(error_text(outcome).find("masquerade of network"), std::string::npos);
  EXPECT_TRUE(succeeded(del(conf)));
}

TEST_F(BridgeConformance, D09_TheSharedBridgeStaysForOthers) {
  if (!is_isthmus()) GTEST_SKIP() << "the official plugin's configuration differs";
  make_pod("other");
  const std::string address = address_of(add(bridge_conf(), "c2", "other"));
  Picture before = picture();
  add(bridge_conf());
  EXPECT_TRUE(succeeded(del(bridge_conf())));
  EXPECT_TRUE(nothing_changed_since(before));
  EXPECT_TRUE(reaches("", address));
  EXPECT_TRUE(succeeded(del(bridge_conf(), "c2", "other")));
}

TEST_F(BridgeConformance, Z01_ManyAtOnceMakeOneBridge) {
  if (!is_isthmus()) GTEST_SKIP() << "the official plugin's configuration differs";
  constexpr int kPods = 100;
  for (int i = 0; i < kPods; ++i)
    make_pod("p" + std::to_string(i));
  for (const char* verb : {"ADD", "DEL"}) {
    std::vector<Process> running;
    for (int i = 0; i < kPods; ++i) {
      const std::string name = "p" + std::to_string(i);
      running.push_back(call(verb, bridge_conf()).id(name).pod(name).start());
    }
    for (Process& process : running)
      EXPECT_TRUE(succeeded(process.finish(std::chrono::seconds(40)))) << verb;
    const std::size_t ports = ip_json("link show master br0").size();
    EXPECT_EQ(ports, std::string(verb) == "ADD" ? std::size_t{kPods} : 0U);
  }
  EXPECT_TRUE(leases().empty() && records().empty());
  EXPECT_EQ(ip_json("link show type bridge").size(), 1U);
}

}  // namespace
}  // namespace isthmus::test
