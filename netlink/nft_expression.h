// What rules are made of, whichever table they are in. Private to netlink/.
#pragma once

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <cstdint>
#include <span>
#include <string>

#include "netlink/nft_message.h"

namespace isthmus::nft {

using Bytes = std::span<const std::uint8_t>;

inline Bytes as_bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// A comment as the `nft` program reads it: type 0, length, text with NUL. (libnftnl, struct nftnl_udata)
inline std::string comment_bytes(const std::string& text) {
  std::string out;
  out += '\0';
  out += static_cast<char>(text.size() + 1);
  out += text;
  out += '\0';
  return out;
}

// One expression of a rule; what is put while it lives are its attributes.
class Expression {
 public:
  Expression(NftMessage& message, const char* name)
      : element_(message, NFTA_LIST_ELEM), data_((message.put_text(NFTA_EXPR_NAME, name), message), NFTA_EXPR_DATA) {}

 private:
  NftMessage::Nest element_;
  NftMessage::Nest data_;
};

inline void put_value(NftMessage& message, std::uint16_t attribute, Bytes value) {
  NftMessage::Nest data(message, attribute);
  message.put_bytes(NFTA_DATA_VALUE, value);
}

// Part of the packet into the first register.
inline void load_payload(NftMessage& message, nft_payload_bases base, std::uint32_t offset, std::uint32_t size) {
  Expression expression(message, "payload");
  message.put_u32(NFTA_PAYLOAD_DREG, NFT_REG_1);
  message.put_u32(NFTA_PAYLOAD_BASE, base);
  message.put_u32(NFTA_PAYLOAD_OFFSET, offset);
  message.put_u32(NFTA_PAYLOAD_LEN, size);
}

// Compares the first register.
inline void compare(NftMessage& message, nft_cmp_ops how, Bytes value) {
  Expression expression(message, "cmp");
  message.put_u32(NFTA_CMP_SREG, NFT_REG_1);
  message.put_u32(NFTA_CMP_OP, how);
  put_value(message, NFTA_CMP_DATA, value);
}

inline void drop_packet(NftMessage& message) {
  Expression expression(message, "immediate");
  message.put_u32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
  NftMessage::Nest data(message, NFTA_IMMEDIATE_DATA);
  NftMessage::Nest verdict(message, NFTA_DATA_VERDICT);
  message.put_u32(NFTA_VERDICT_CODE, NF_DROP);
}

}  // namespace isthmus::nft
