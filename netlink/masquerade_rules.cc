// Table, chain, sets and rules: what is made once.
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>

#include <algorithm>
#include <array>

#include "netlink/masquerade_names.h"
#include "netlink/masquerade_table.h"
#include "netlink/nft_expression.h"

namespace isthmus::nft {
namespace {

using Nest = NftMessage::Nest;

// nft's numbers of key types, and how many bits each takes in the number of a concatenation.
constexpr std::uint32_t kTypeInetService = 13;
constexpr std::uint32_t kTypeIfname = 41;
constexpr unsigned kTypeBits = 6;

NftMessage about_table(int type, std::uint16_t flags) {
  NftMessage message(type, kInet, flags);
  message.put_text(NFTA_TABLE_NAME, kTable);
  return message;
}

NftMessage make_chain() {
  NftMessage message(NFT_MSG_NEWCHAIN, kInet, NLM_F_CREATE);
  message.put_text(NFTA_CHAIN_TABLE, kTable);
  message.put_text(NFTA_CHAIN_NAME, kChain);
  message.put_text(NFTA_CHAIN_TYPE, "nat");
  message.put_u32(NFTA_CHAIN_POLICY, NF_ACCEPT);
  Nest hook(message, NFTA_CHAIN_HOOK);
  message.put_u32(NFTA_HOOK_HOOKNUM, NF_INET_POST_ROUTING);
  message.put_u32(NFTA_HOOK_PRIORITY, kPriority);
  return message;
}

NftMessage make_set(const char* name, std::uint32_t id, std::uint32_t flags, std::uint32_t type, std::uint32_t size) {
  NftMessage message(NFT_MSG_NEWSET, kInet, NLM_F_CREATE);
  message.put_text(NFTA_SET_TABLE, kTable);
  message.put_text(NFTA_SET_NAME, name);
  message.put_u32(NFTA_SET_FLAGS, flags);
  message.put_u32(NFTA_SET_KEY_TYPE, type);
  message.put_u32(NFTA_SET_KEY_LEN, size);
  message.put_u32(NFTA_SET_ID, id);
  return message;
}

void make_sets(const FamilyNames& names, std::uint32_t first_id, std::vector<NftMessage>& out) {
  std::uint32_t claim_type = (names.address_type << kTypeBits | kTypeInetService) << kTypeBits | kTypeIfname;
  // Each part of a concatenation starts at a multiple of four bytes.
  std::uint32_t claim_size = names.address_size + 4 + 16;
  out.push_back(make_set(names.claims, first_id, 0, claim_type, claim_size));
  out.push_back(make_set(names.sources, first_id + 1, NFT_SET_INTERVAL, names.address_type, names.address_size));
}

void load_family(NftMessage& message) {
  Expression expression(message, "meta");
  message.put_u32(NFTA_META_KEY, NFT_META_NFPROTO);
  message.put_u32(NFTA_META_DREG, NFT_REG_1);
}

enum class Address { source, destination };

void load_address(NftMessage& message, const FamilyNames& names, Address which) {
  // RFC 791, section 3.1, and RFC 8200, section 3.
  std::uint32_t offset = names.family == Family::v4 ? 12 : 8;
  if (which == Address::destination) offset += names.address_size;
  load_payload(message, NFT_PAYLOAD_NETWORK_HEADER, offset, names.address_size);
}

void look_up(NftMessage& message, const char* set, std::uint32_t flags) {
  Expression expression(message, "lookup");
  message.put_text(NFTA_LOOKUP_SET, set);
  message.put_u32(NFTA_LOOKUP_SREG, NFT_REG_1);
  message.put_u32(NFTA_LOOKUP_FLAGS, flags);
}

void not_to(NftMessage& message,
            const FamilyNames& names,
            std::array<std::uint8_t, 2> start,
            std::array<std::uint8_t, 2> mask) {
  std::array<std::uint8_t, 16> value{start[0], start[1]};
  std::array<std::uint8_t, 16> masked{mask[0], mask[1]};
  std::array<std::uint8_t, 16> zero{};
  load_address(message, names, Address::destination);
  {
    Expression expression(message, "bitwise");
    message.put_u32(NFTA_BITWISE_SREG, NFT_REG_1);
    message.put_u32(NFTA_BITWISE_DREG, NFT_REG_1);
    message.put_u32(NFTA_BITWISE_LEN, names.address_size);
    put_value(message, NFTA_BITWISE_MASK, Bytes(masked).first(names.address_size));
    put_value(message, NFTA_BITWISE_XOR, Bytes(zero).first(names.address_size));
  }
  compare(message, NFT_CMP_NEQ, Bytes(value).first(names.address_size));
}

// Ports are drawn at random, because two connections that leave at once for the same place would otherwise be given the
// same one, and the kernel drops the later (insert_failed).
void masquerade(NftMessage& message) {
  Expression expression(message, "masq");
  message.put_u32(NFTA_MASQ_FLAGS, NF_NAT_RANGE_PROTO_RANDOM_FULLY);
}

NftMessage make_rule(const FamilyNames& names) {
  NftMessage message(NFT_MSG_NEWRULE, kInet, NLM_F_CREATE | NLM_F_APPEND);
  message.put_text(NFTA_RULE_TABLE, kTable);
  message.put_text(NFTA_RULE_CHAIN, kChain);
  message.put_bytes(NFTA_RULE_USERDATA, as_bytes(comment_bytes(names.rule)));
  Nest expressions(message, NFTA_RULE_EXPRESSIONS);
  std::uint8_t family = names.family == Family::v4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
  load_family(message);
  compare(message, NFT_CMP_EQ, Bytes(&family, 1));
  load_address(message, names, Address::source);
  look_up(message, names.sources, 0);
  load_address(message, names, Address::destination);
  look_up(message, names.sources, NFT_LOOKUP_F_INV);
  if (names.family == Family::v4) {
    not_to(message, names, {0xe0, 0}, {0xf0, 0});
  } else {
    not_to(message, names, {0xff, 0}, {0xff, 0});
    not_to(message, names, {0xfe, 0x80}, {0xff, 0xc0});
  }
  masquerade(message);
  return message;
}

}  // namespace

std::vector<NftMessage> make_table() {
  std::vector<NftMessage> out;
  auto table = about_table(NFT_MSG_NEWTABLE, NLM_F_CREATE);
  table.put_u32(NFTA_TABLE_FLAGS, 0);
  out.push_back(std::move(table));
  make_sets(kV4, 1, out);
  make_sets(kV6, 3, out);
  out.push_back(make_chain());
  out.push_back(make_rule(kV4));
  out.push_back(make_rule(kV6));
  return out;
}

NftMessage drop_table() { return about_table(NFT_MSG_DELTABLE, 0); }

NftMessage get_generation() { return NftMessage(NFT_MSG_GETGEN, NFPROTO_UNSPEC, 0); }

NftMessage get_table() { return about_table(NFT_MSG_GETTABLE, 0); }

NftMessage get_chain() {
  NftMessage message(NFT_MSG_GETCHAIN, kInet, 0);
  message.put_text(NFTA_CHAIN_TABLE, kTable);
  message.put_text(NFTA_CHAIN_NAME, kChain);
  return message;
}

NftMessage dump_rules() {
  NftMessage message(NFT_MSG_GETRULE, kInet, NLM_F_DUMP);
  message.put_text(NFTA_RULE_TABLE, kTable);
  message.put_text(NFTA_RULE_CHAIN, kChain);
  return message;
}

std::uint32_t read_generation(std::span<const NftReply> replies) {
  return replies.empty() ? 0 : replies.front().attributes().u32(NFTA_GEN_ID).value_or(0);
}

bool is_our_table(std::span<const NftReply> replies) {
  if (replies.empty()) return false;
  return (replies.front().attributes().u32(NFTA_TABLE_FLAGS).value_or(0) & NFT_TABLE_F_DORMANT) == 0;
}

bool is_our_chain(std::span<const NftReply> replies) {
  if (replies.empty()) return false;
  auto chain = replies.front().attributes();
  auto hook = chain.nest(NFTA_CHAIN_HOOK);
  return hook && hook->u32(NFTA_HOOK_HOOKNUM) == std::uint32_t{NF_INET_POST_ROUTING} &&
         hook->u32(NFTA_HOOK_PRIORITY) == kPriority && chain.text(NFTA_CHAIN_TYPE) == "nat" &&
         chain.u32(NFTA_CHAIN_POLICY) == std::uint32_t{NF_ACCEPT};
}

// A rule cannot be changed in place, and what replaces it brings a comment of its own.
bool are_our_rules(std::span<const NftReply> replies) {
  return std::ranges::all_of(std::array{kV4.rule, kV6.rule}, [&](const char* rule) {
    std::string comment = comment_bytes(rule);
    return std::ranges::any_of(replies, [&](const NftReply& reply) {
      auto found = reply.attributes().bytes(NFTA_RULE_USERDATA);
      return found && std::ranges::equal(*found, as_bytes(comment));
    });
  });
}

}  // namespace isthmus::nft
