#include "netlink/mac_guard.h"

#include "tests/netns/netlink/nftables_host.h"

namespace isthmus::test {
namespace {

class MacGuard : public NftablesHost {
 protected:
  void SetUp() override {
    NftablesHost::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    shell(
        "ip netns add peer; ip link add g0 address 02:00:00:00:00:01 type veth peer name g1 address 02:00:00:00:00:02 "
        "netns peer;"
        "ip addr add 10.1.0.1/24 dev g0; ip -n peer addr add 10.1.0.2/24 dev g1; ip link set g0 up; ip -n peer link "
        "set g1 up");
  }
  void TearDown() override {
    if (!IsSkipped()) shell("ip link del g0 2>/dev/null; ip netns del peer");
    NftablesHost::TearDown();
  }
  static std::optional<MacAddress> guarded(const char* link) {
    auto socket = netfilter();
    auto only = guarded_mac(socket, ifname(link));
    EXPECT_TRUE(only) << only.error().text();
    return only ? *only : std::nullopt;
  }
  // Links that have just come up may lose the first packets: asked until there is an answer.
  static bool answers(const char* seconds = "5") {
    shell("ip neigh flush all");
    return shell(std::string("ping -qc1 -i0.2 -w") + seconds + " 10.1.0.2 >/dev/null 2>&1 && echo yes || :") == "yes\n";
  }
  static void expect_done(const Status& status) { EXPECT_TRUE(status) << status.error().text(); }
};

TEST_F(MacGuard, LetsInOneMacOnly) {
  EXPECT_TRUE(answers());
  auto socket = netfilter();
  expect_done(guard_mac(socket, ifname("g0"), mac("02:00:00:00:00:02")));
  EXPECT_EQ(guarded("g0"), mac("02:00:00:00:00:02"));
  EXPECT_TRUE(answers());
  shell("ip -n peer link set g1 address 02:00:00:00:00:03");
  EXPECT_FALSE(answers("1"));
  expect_done(remove_mac_guard(socket, ifname("g0")));
  EXPECT_TRUE(answers());
  EXPECT_EQ(ruleset(), "");
}

TEST_F(MacGuard, TheTableGoesWithTheLastLinkAlsoWhenTheLinksAreGone) {
  shell("ip link add h0 type veth peer name h1");
  auto socket = netfilter();
  expect_done(guard_mac(socket, ifname("g0"), mac("02:00:00:00:00:02")));
  expect_done(guard_mac(socket, ifname("h0"), mac("02:00:00:00:00:04")));
  shell("ip link del h0");
  EXPECT_EQ(guarded("g0"), mac("02:00:00:00:00:02"));
  expect_done(remove_mac_guard(socket, ifname("h0")));
  expect_done(remove_mac_guard(socket, ifname("h0")));
  EXPECT_EQ(guarded("g0"), mac("02:00:00:00:00:02"));
  shell("ip link del g0");
  expect_done(remove_mac_guard(socket, ifname("g0")));
  EXPECT_EQ(ruleset(), "");
}

TEST_F(MacGuard, ALinkThatTakesAnOldNameGetsItsOwnGuard) {
  auto socket = netfilter();
  expect_done(guard_mac(socket, ifname("g0"), mac("02:00:00:00:00:09")));
  EXPECT_FALSE(answers("1"));
  expect_done(guard_mac(socket, ifname("g0"), mac("02:00:00:00:00:02")));
  EXPECT_TRUE(answers());
}

TEST_F(MacGuard, NobodyIsGuardedWithoutATable) {
  EXPECT_EQ(guarded("g0"), std::nullopt);
  auto socket = netfilter();
  expect_done(remove_mac_guard(socket, ifname("g0")));
  EXPECT_EQ(ruleset(), "");
}

}  // namespace
}  // namespace isthmus::test
