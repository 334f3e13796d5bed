#include <algorithm>

#include "tests/netns/netlink/nftables_host.h"

namespace isthmus::test {
namespace {

class NftablesMasquerade : public NftablesHost {
 protected:
  const std::vector<MasqueradeSource> both_{source("demo", "10.22.0.0/16"), source("demo", "fd00:22::/64")};
  using Names = std::vector<std::string>;
};

TEST_F(NftablesMasquerade, OneTableTwoRules) {
  EXPECT_FALSE(in_force(both_));
  ensure(both_);
  EXPECT_TRUE(in_force(both_));
  auto tables = nft_objects("table");
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_EQ(tables[0]["family"], "inet");
  EXPECT_EQ(tables[0]["name"], "isthmus");
  auto chains = nft_objects("chain");
  ASSERT_EQ(chains.size(), 1u);
  EXPECT_EQ(chains[0]["type"], "nat");
  EXPECT_EQ(chains[0]["hook"], "postrouting");
  EXPECT_EQ(chains[0]["prio"], 120);
  EXPECT_EQ(chains[0]["policy"], "accept");
  std::string shown = ruleset();
  EXPECT_NE(shown.find("ip saddr @sources4 ip daddr != @sources4 ip daddr != 224.0.0.0/4 masquerade fully-random"),
            std::string::npos)
      << shown;
  EXPECT_NE(shown.find("ip6 saddr @sources6 ip6 daddr != @sources6 ip6 daddr != ff00::/8 ip6 daddr != fe80::/10 "
                       "masquerade fully-random"),
            std::string::npos)
      << shown;
  EXPECT_EQ(nft_elements("sources4"), Names{"10.22.0.0/16"});
  EXPECT_EQ(nft_elements("sources6"), Names{"fd00:22::/64"});
  EXPECT_NE(shown.find("comment \"demo\""), std::string::npos) << shown;
}

TEST_F(NftablesMasquerade, WhatNftListsItReadsAgain) {
  ensure(both_);
  std::string before = ruleset();
  shell("nft flush ruleset");
  run_nft(before);
  EXPECT_EQ(ruleset(), before);
  EXPECT_TRUE(in_force(both_));
}

TEST_F(NftablesMasquerade, AThousandOwnersAreStillTwoRules) {
  std::vector<MasqueradeSource> many;
  for (int i = 0; i < 1000; ++i) {
    std::string text = "10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".7/32";
    many.push_back(source("attachment-" + std::to_string(i) + std::string(200, 'x'), text));
  }
  ensure(many);
  EXPECT_EQ(nft_objects("rule").size(), 2u);
  EXPECT_EQ(nft_elements("sources4").size(), 1000u);
  EXPECT_EQ(held().size(), 1000u);
  EXPECT_TRUE(in_force({many[0], many[999]}));
  remove({many[999].owner});
  EXPECT_FALSE(in_force({many[999]}));
  EXPECT_EQ(nft_elements("sources4").size(), 999u);
}

TEST_F(NftablesMasquerade, TheSecondTimeWritesNothing) {
  ensure(both_);
  auto before = generation();
  ensure(both_);
  ensure({source("demo", "10.22.7.9/16")});
  EXPECT_TRUE(in_force(both_));
  remove({"nobody"});
  EXPECT_EQ(generation(), before);
}

TEST_F(NftablesMasquerade, LastOneOutTakesTheTable) {
  ensure(both_);
  ensure({source("other", "10.99.0.0/24")});
  remove({"demo"});
  EXPECT_FALSE(in_force(both_));
  EXPECT_TRUE(in_force({source("other", "10.99.0.0/24")}));
  remove({"other"});
  EXPECT_EQ(ruleset(), "");
  remove({"other"});
  EXPECT_EQ(ruleset(), "");
}

TEST_F(NftablesMasquerade, EqualSubnetsStayForTheOtherOwner) {
  ensure({source("a", "10.1.0.0/16")});
  ensure({source("b", "10.1.0.0/16")});
  EXPECT_EQ(nft_elements("sources4"), Names{"10.1.0.0/16"});
  remove({"a"});
  EXPECT_FALSE(in_force({source("a", "10.1.0.0/16")}));
  EXPECT_TRUE(in_force({source("b", "10.1.0.0/16")}));
  EXPECT_EQ(nft_elements("sources4"), Names{"10.1.0.0/16"});
}

TEST_F(NftablesMasquerade, NestedSubnetsInAnyOrder) {
  std::vector<MasqueradeSource> nested = {source("wide", "10.0.0.0/8"),  source("middle", "10.1.0.0/16"),
                                          source("host", "10.1.2.3/32"), source("six", "fd00::/8"),
                                          source("host", "fd00::1/128"), source("beside", "11.0.0.0/8")};
  std::ranges::sort(nested);
  int orders = 0;
  do {
    for (const auto& one : nested)
      ensure({one});
    EXPECT_TRUE(in_force(nested));
    EXPECT_EQ(nft_elements("sources4"), (Names{"10.0.0.0/8", "11.0.0.0/8"}));
    EXPECT_EQ(nft_elements("sources6"), Names{"fd00::/8"});
    remove({"wide", "six"});
    EXPECT_EQ(nft_elements("sources4"), (Names{"10.1.0.0/16", "11.0.0.0/8"}));
    EXPECT_EQ(nft_elements("sources6"), Names{"fd00::1"});
    remove({"middle"});
    EXPECT_EQ(nft_elements("sources4"), (Names{"10.1.2.3", "11.0.0.0/8"}));
    remove({"host", "beside"});
    EXPECT_EQ(ruleset(), "");
  } while (++orders < 24 && std::ranges::next_permutation(nested).found);
  EXPECT_EQ(orders, 24);
}

TEST_F(NftablesMasquerade, BothEndsOfTheNumberLine) {
  std::vector<MasqueradeSource> ends = {source("low", "0.0.0.0/8"), source("high", "255.0.0.0/8"),
                                        source("low", "::/16"), source("high", "ff00::/8")};
  ensure(ends);
  EXPECT_TRUE(in_force(ends));
  EXPECT_EQ(held().size(), 4u);
  auto before = generation();
  ensure(ends);
  EXPECT_EQ(generation(), before);
  remove({"high"});
  EXPECT_EQ(nft_elements("sources4"), Names{"0.0.0.0/8"});
  EXPECT_EQ(nft_elements("sources6"), Names{"::/16"});
}

TEST_F(NftablesMasquerade, ReadsBackWhatIsHeld) {
  EXPECT_TRUE(held().empty());
  ensure({source("b", "10.2.3.4/16"), source("a", "fd00::/64"), source("a", "10.1.0.0/16")});
  EXPECT_EQ(held(), (std::vector{source("a", "10.1.0.0/16"), source("a", "fd00::/64"), source("b", "10.2.0.0/16")}));
}

TEST_F(NftablesMasquerade, OwnersThatCannotBeWrittenAreRefused) {
  auto socket = netfilter();
  for (const std::string& owner : {std::string(), std::string(241, 'x'), std::string("a\0b", 3)}) {
    auto status = ensure_masquerade(socket, {source(owner, "10.1.0.0/16")});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().word, "internal");
  }
  EXPECT_EQ(ruleset(), "");
  std::string longest(240, 'x');
  ensure({source(longest, "10.1.0.0/16"), source(longest, "fd00::/16")});
  EXPECT_EQ(held().size(), 2u);
  remove({longest});
  EXPECT_EQ(ruleset(), "");
}

// What somebody may do to the table, and what only looks like it.
struct Damage {
  const char* command;
  bool kept;  // whether what is held for others survives it
};

class NftablesDamage : public NftablesMasquerade, public ::testing::WithParamInterface<Damage> {};

TEST_P(NftablesDamage, IsSeenAndRepaired) {
  shell("nft add table ip foreign; nft add chain ip foreign c '{ type nat hook postrouting priority 100; }'");
  ensure(both_);
  ensure({source("other", "10.99.0.0/24")});
  auto before = held();
  shell(GetParam().command);
  EXPECT_FALSE(in_force(both_));
  ensure(both_);
  EXPECT_TRUE(in_force(both_));
  EXPECT_EQ(in_force({source("other", "10.99.0.0/24")}), GetParam().kept);
  ensure({source("other", "10.99.0.0/24")});
  EXPECT_EQ(held(), before);
  EXPECT_EQ(nft_elements("sources4"), (Names{"10.22.0.0/16", "10.99.0.0/24"}));
  EXPECT_EQ(nft_objects("rule").size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(
    Ways,
    NftablesDamage,
    ::testing::Values(
        Damage{"nft flush ruleset", false},
        Damage{"nft delete table inet isthmus", false},
        Damage{"nft flush table inet isthmus", true},
        Damage{"nft flush chain inet isthmus postrouting; nft delete chain inet isthmus postrouting", true},
        Damage{"nft flush set inet isthmus sources4", true},
        Damage{"nft flush set inet isthmus claims4", false},
        Damage{"nft delete element inet isthmus sources4 { 10.22.0.0/16 }", true},
        Damage{"nft delete set inet isthmus claims6", true},
        Damage{"nft 'add table inet isthmus { flags dormant; }'", true},
        Damage{"nft flush chain inet isthmus postrouting; nft add rule inet isthmus postrouting accept", true},
        Damage{"nft add chain inet isthmus postrouting '{ policy drop; }'", true}));

TEST_F(NftablesMasquerade, OthersMayFlushWhatIsTheirs) {
  run_nft("table ip nat { chain POSTROUTING { type nat hook postrouting priority 100; }; }");
  ensure(both_);
  shell("nft flush table ip nat; nft delete table ip nat; iptables-nft -t nat -F; iptables-nft -P FORWARD ACCEPT");
  EXPECT_TRUE(in_force(both_));
}

TEST_F(NftablesMasquerade, ATableOfThatNameMadeByOthersIsReplaced) {
  run_nft(
      "table inet isthmus { chain c { }; set claims4 { type ipv4_addr . inet_service . ifname; "
      "elements = { 1.2.3.0 . 24 . \"x\" comment \"y\" }; }; }");
  EXPECT_FALSE(in_force(both_));
  ensure(both_);
  EXPECT_TRUE(in_force(both_));
  EXPECT_EQ(held(), both_);
  EXPECT_EQ(nft_objects("chain").size(), 1u);
}

}  // namespace
}  // namespace isthmus::test
