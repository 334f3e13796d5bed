#include "netlink/forward_policy.h"

#include "tests/netns/netlink/nftables_host.h"

namespace isthmus::test {
namespace {

class NftablesForwardPolicy : public NftablesHost {
 protected:
  static std::vector<std::string> dropping() {
    auto socket = netfilter();
    auto found = dropping_forward_chains(socket);
    EXPECT_TRUE(found) << found.error().text();
    std::vector<std::string> texts;
    for (const auto& chain : *found)
      texts.push_back(chain.text());
    return texts;
  }
  using Names = std::vector<std::string>;
};

TEST_F(NftablesForwardPolicy, NothingToSay) {
  EXPECT_EQ(dropping(), Names{});
  ensure({source("demo", "10.0.0.0/8")});
  run_nft(
      "table inet f { chain forward { type filter hook forward priority 0; policy accept; }; chain FORWARD { }; "
      "chain input { type filter hook input priority 0; policy drop; }; }");
  EXPECT_EQ(dropping(), Names{});
}

TEST_F(NftablesForwardPolicy, NamesEveryFamily) {
  for (const char* family : {"inet", "ip", "ip6", "bridge"}) {
    run_nft(std::string("table ") + family + " f { chain c { type filter hook forward priority 0; policy drop; }; }");
  }
  EXPECT_EQ(dropping(), (Names{"bridge f c", "inet f c", "ip f c", "ip6 f c"}));
  shell("nft 'add table ip f { flags dormant; }'");
  EXPECT_EQ(dropping(), (Names{"bridge f c", "inet f c", "ip6 f c"}));
}

TEST_F(NftablesForwardPolicy, SeesWhatIptablesNftSets) {
  shell("iptables-nft -P FORWARD DROP && ip6tables-nft -P FORWARD DROP");
  EXPECT_EQ(dropping(), (Names{"ip filter FORWARD", "ip6 filter FORWARD"}));
  shell("iptables-nft -P FORWARD ACCEPT");
  EXPECT_EQ(dropping(), Names{"ip6 filter FORWARD"});
}

}  // namespace
}  // namespace isthmus::test
