#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>

#include "netlink/masquerade_names.h"
#include "tests/netns/netlink/nftables_host.h"

namespace isthmus::test {
namespace {

class NftablesSocket : public NftablesHost {};

TEST_F(NftablesSocket, ATransactionForAnOlderRulesetIsRefusedWhole) {
  auto socket = netfilter();
  auto old = generation();
  shell("nft add table ip foreign");
  auto changes = nft::make_table();
  auto committed = socket.commit(changes, old, "set up", "the table");
  ASSERT_TRUE(committed) << committed.error().text();
  EXPECT_FALSE(*committed);
  EXPECT_EQ(nft_objects("table").size(), 1u);
  committed = socket.commit(changes, generation(), "set up", "the table");
  ASSERT_TRUE(committed) << committed.error().text();
  EXPECT_TRUE(*committed);
  EXPECT_EQ(nft_objects("table").size(), 2u);
}

TEST_F(NftablesSocket, OneBadChangeUndoesAll) {
  auto socket = netfilter();
  auto changes = nft::make_table();
  std::vector<nft::AddressRange> overlapping = {{ip("10.0.0.0"), ip("10.255.255.255")},
                                                {ip("10.1.0.0"), ip("10.1.0.9")}};
  nft::change_sources(nft::Change::add, overlapping, changes);
  auto committed = socket.commit(changes, generation(), "set up", "the table");
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().word, "nft-failed");
  EXPECT_NE(committed.error().text().find("the element was refused"), std::string::npos) << committed.error().text();
  EXPECT_EQ(ruleset(), "");
  // The conversation goes on: late words about the failed one are not taken for answers.
  auto rest = nft::make_table();
  committed = socket.commit(rest, generation(), "set up", "the table");
  ASSERT_TRUE(committed) << committed.error().text();
  EXPECT_TRUE(*committed);
}

TEST_F(NftablesSocket, NotThereIsAnAnswer) {
  auto socket = netfilter();
  std::vector<NftMessage> requests;
  requests.push_back(nft::get_table());
  requests.push_back(nft::get_generation());
  requests.push_back(nft::dump_claims(Family::v4));
  auto answers = socket.ask(requests, "read", "");
  ASSERT_TRUE(answers) << answers.error().text();
  EXPECT_TRUE(answers->of(0).empty());
  EXPECT_EQ(answers->of(1).size(), 1u);
  EXPECT_TRUE(answers->of(2).empty());
}

TEST_F(NftablesSocket, APassedDeadlineSendsNothing) {
  auto socket = *run_at_home([](const auto& pass) { return NetfilterSocket::open(pass, Deadline::in({})); });
  auto before = generation();
  auto status = ensure_masquerade(socket, {source("demo", "10.0.0.0/8")});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().word, "netlink-timeout");
  auto changes = nft::make_table();
  EXPECT_FALSE(socket.commit(changes, before, "set up", ""));
  EXPECT_EQ(generation(), before);
}

TEST_F(NftablesSocket, KeepsTheNamespaceItWasBornIn) {
  NamedNetns other("other");
  auto netns = open_netns(other);
  auto socket = run_in<HostSide>(netns, [](const auto& pass) { return NetfilterSocket::open(pass, soon()); });
  ASSERT_TRUE(socket);
  EXPECT_TRUE(ensure_masquerade(*socket, {source("demo", "10.0.0.0/8")}));
  EXPECT_EQ(ruleset(), "");
  EXPECT_NE(shell("ip netns exec other nft list ruleset").find("10.0.0.0/8"), std::string::npos);
}

TEST_F(NftablesSocket, WithoutThePrivilegeItSaysSo) {
  // Capabilities are a thread's own; this one gives them up and ends.
  auto socket = netfilter();
  std::thread([&socket] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> none{};
    ASSERT_EQ(syscall(SYS_capset, &header, none.data()), 0);
    auto read = masquerades(socket, {source("demo", "10.0.0.0/8")});
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().err, EPERM);
    auto written = ensure_masquerade(socket, {source("demo", "10.0.0.0/8")});
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().word, "nft-failed");
  }).join();
}

}  // namespace
}  // namespace isthmus::test
