#include "netlink/forward_policy.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_bridge.h>
#include <linux/netlink.h>

#include <algorithm>
#include <set>
#include <utility>

namespace isthmus {
namespace {

static_assert(NF_BR_FORWARD == NF_INET_FORWARD, "one number for the forward hook of every family");

constexpr const char* kDoing = "read the chains on the forward hook";

Result<NftAnswers> dump(NetfilterSocket& socket, int type) {
  NftMessage request(type, NFPROTO_UNSPEC, NLM_F_DUMP);
  return socket.ask(std::span(&request, 1), kDoing, "");
}

const char* family_name(std::uint8_t family) {
  switch (family) {
    case NFPROTO_IPV4:
      return "ip";
    case NFPROTO_IPV6:
      return "ip6";
    case NFPROTO_INET:
      return "inet";
    case NFPROTO_BRIDGE:
      return "bridge";
    default:
      return nullptr;
  }
}

bool drops_forwarded(const NftAttributes& chain) {
  auto hook = chain.nest(NFTA_CHAIN_HOOK);
  return hook && hook->u32(NFTA_HOOK_HOOKNUM) == std::uint32_t{NF_INET_FORWARD} &&
         chain.u32(NFTA_CHAIN_POLICY) == std::uint32_t{NF_DROP};
}

std::string text(const NftAttributes& attributes, int attribute) {
  return std::string(attributes.text(attribute).value_or(""));
}

}  // namespace

Result<std::vector<DroppingChain>> dropping_forward_chains(NetfilterSocket& socket) {
  TRY(auto chains, dump(socket, NFT_MSG_GETCHAIN));
  std::vector<DroppingChain> found;
  for (const NftReply& reply : chains.of(0)) {
    const char* family = family_name(reply.family());
    auto chain = reply.attributes();
    if (family == nullptr || !drops_forwarded(chain)) continue;
    found.push_back({family, text(chain, NFTA_CHAIN_TABLE), text(chain, NFTA_CHAIN_NAME)});
  }
  if (found.empty()) return found;

  TRY(auto tables, dump(socket, NFT_MSG_GETTABLE));
  std::set<std::pair<std::string, std::string>> dormant;
  for (const NftReply& reply : tables.of(0)) {
    const char* family = family_name(reply.family());
    auto table = reply.attributes();
    bool off = (table.u32(NFTA_TABLE_FLAGS).value_or(0) & NFT_TABLE_F_DORMANT) != 0;
    if (family != nullptr && off) dormant.emplace(family, text(table, NFTA_TABLE_NAME));
  }
  std::erase_if(found, [&](const DroppingChain& chain) { return dormant.contains({chain.family, chain.table}); });
  std::ranges::sort(found);
  return found;
}

}  // namespace isthmus
