#include "netlink/mac_guard.h"

#include <linux/netlink.h>

#include <vector>

#include "netlink/masquerade_table.h"
#include "netlink/nft_expression.h"

namespace isthmus {
namespace {

using nft::as_bytes;
using Messages = std::vector<NftMessage>;

constexpr std::uint8_t kNetdev = NFPROTO_NETDEV;
constexpr const char* kGuardTable = "isthmus";
constexpr const char* kGuardObject = "in nf_tables table 'netdev isthmus'";
constexpr std::uint32_t kEthernetSource = 6;  // offset of the source address in an Ethernet header
constexpr std::uint32_t kEthernetAddressSize = 6;
// Before everything else on this hook, flow tables included.
constexpr std::int32_t kGuardPriority = -500;

NftMessage guard_table(int type, std::uint16_t flags) {
  NftMessage message(type, kNetdev, flags);
  message.put_text(NFTA_TABLE_NAME, kGuardTable);
  return message;
}

NftMessage guard_chain(const IfName& link) {
  NftMessage message(NFT_MSG_NEWCHAIN, kNetdev, NLM_F_CREATE | NLM_F_EXCL);
  message.put_text(NFTA_CHAIN_TABLE, kGuardTable);
  message.put_text(NFTA_CHAIN_NAME, link.text());
  message.put_text(NFTA_CHAIN_TYPE, "filter");
  message.put_u32(NFTA_CHAIN_POLICY, NF_ACCEPT);
  NftMessage::Nest hook(message, NFTA_CHAIN_HOOK);
  message.put_u32(NFTA_HOOK_HOOKNUM, NF_NETDEV_INGRESS);
  message.put_u32(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(kGuardPriority));
  message.put_text(NFTA_HOOK_DEV, link.text());
  return message;
}

NftMessage guard_rule(const IfName& link, const MacAddress& only) {
  NftMessage message(NFT_MSG_NEWRULE, kNetdev, NLM_F_CREATE | NLM_F_APPEND);
  message.put_text(NFTA_RULE_TABLE, kGuardTable);
  message.put_text(NFTA_RULE_CHAIN, link.text());
  // The comment says whom the rule lets in; reading the rule back is comparing comments.
  message.put_bytes(NFTA_RULE_USERDATA, as_bytes(nft::comment_bytes(only.text())));
  NftMessage::Nest expressions(message, NFTA_RULE_EXPRESSIONS);
  nft::load_payload(message, NFT_PAYLOAD_LL_HEADER, kEthernetSource, kEthernetAddressSize);
  nft::compare(message, NFT_CMP_NEQ, only.bytes());
  nft::drop_packet(message);
  return message;
}

NftMessage dump_guards(int type, std::uint16_t table_attribute) {
  NftMessage message(type, kNetdev, NLM_F_DUMP);
  message.put_text(table_attribute, kGuardTable);
  return message;
}

NftMessage about_chain(int type, std::uint16_t table_attribute, std::uint16_t chain_attribute, const IfName& link) {
  NftMessage message(type, kNetdev, 0);
  message.put_text(table_attribute, kGuardTable);
  message.put_text(chain_attribute, link.text());
  return message;
}

struct Guards {
  bool table = false;
  bool own = false;     // the link's chain
  bool others = false;  // any other chain
};

// Whatever else is changed in the ruleset meanwhile, the changes are sent for the ruleset they were worked out for. A
// chain that the kernel took away with its link is ENOENT: then it is worked out again.
template <class Plan>
Status change_guards(NetfilterSocket& socket, const IfName& link, const std::string& doing, Plan plan) {
  for (;;) {
    Messages reads;
    reads.push_back(nft::get_generation());
    reads.push_back(guard_table(NFT_MSG_GETTABLE, 0));
    reads.push_back(dump_guards(NFT_MSG_GETCHAIN, NFTA_CHAIN_TABLE));
    TRY(auto found, socket.ask(reads, doing, kGuardObject));
    Guards guards{.table = !found.of(1).empty()};
    for (const NftReply& reply : found.of(2)) {
      auto chain = reply.attributes();
      if (chain.text(NFTA_CHAIN_TABLE) != kGuardTable) continue;  // a dump is of the whole family
      (chain.text(NFTA_CHAIN_NAME) == link.text() ? guards.own : guards.others) = true;
    }
    Messages changes = plan(guards);
    if (changes.empty()) return done;
    auto committed = socket.commit(changes, nft::read_generation(found.of(0)), doing, kGuardObject);
    if (!committed && committed.error().err != ENOENT) return std::move(committed).error();
    if (committed && *committed) return done;
    if (socket.deadline().passed()) {
      return Error{doing, kGuardObject, ETIMEDOUT, "other programs keep changing the ruleset", "netlink-timeout", {}};
    }
  }
}

void drop_chain(Messages& changes, const IfName& link) {
  changes.push_back(about_chain(NFT_MSG_DELRULE, NFTA_RULE_TABLE, NFTA_RULE_CHAIN, link));
  changes.push_back(about_chain(NFT_MSG_DELCHAIN, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, link));
}

}  // namespace

Status guard_mac(NetfilterSocket& socket, const IfName& link, const MacAddress& only) {
  return change_guards(socket, link, "guard the MAC of '" + link.text() + "'", [&](const Guards& guards) {
    Messages changes;
    if (guards.own) drop_chain(changes, link);  // of a link of that name before
    changes.push_back(guard_table(NFT_MSG_NEWTABLE, NLM_F_CREATE));
    changes.push_back(guard_chain(link));
    changes.push_back(guard_rule(link, only));
    return changes;
  });
}

Result<std::optional<MacAddress>> guarded_mac(NetfilterSocket& socket, const IfName& link) {
  Messages reads;
  reads.push_back(dump_guards(NFT_MSG_GETRULE, NFTA_RULE_TABLE));
  reads.back().put_text(NFTA_RULE_CHAIN, link.text());
  TRY(auto found, socket.ask(reads, "read the MAC guard of '" + link.text() + "'", kGuardObject));
  for (const NftReply& reply : found.of(0)) {
    auto rule = reply.attributes();
    auto comment = rule.bytes(NFTA_RULE_USERDATA);
    if (rule.text(NFTA_RULE_CHAIN) != link.text() || !comment || comment->size() < 3) continue;
    auto text = std::string_view(reinterpret_cast<const char*>(comment->data()), comment->size());
    auto mac = MacAddress::parse(text.substr(2, text.size() - 3));
    if (mac) return std::optional(*mac);
  }
  return std::optional<MacAddress>();
}

Status remove_mac_guard(NetfilterSocket& socket, const IfName& link) {
  return change_guards(socket, link, "remove the MAC guard of '" + link.text() + "'", [&](const Guards& guards) {
    Messages changes;
    if (guards.own) drop_chain(changes, link);
    if (guards.table && !guards.others) changes.push_back(guard_table(NFT_MSG_DELTABLE, 0));
    return changes;
  });
}

}  // namespace isthmus
