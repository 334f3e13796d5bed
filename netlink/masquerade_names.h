// Names and numbers the messages of masquerade_table.h agree on. Private to netlink/.
#pragma once

#include <cstdint>

#include "netlink/ip.h"

namespace isthmus::nft {

inline constexpr std::uint8_t kInet = 1;  // NFPROTO_INET
inline constexpr const char* kTable = "isthmus";
// A word of nft's own, as "masquerade" is, would make `nft -f` refuse what `nft list ruleset` has printed.
inline constexpr const char* kChain = "postrouting";

// Only one chain gives a connection its source: the first, by priority, with a rule that matches. kube-proxy and Docker
// are at 100 (srcnat), firewalld at 110. Behind them all, a rule that was written for a certain service or host wins
// over ours, which is for everything; and equal priorities would leave the order to who came first.
inline constexpr std::uint32_t kPriority = 120;

struct FamilyNames {
  Family family;
  const char* claims;
  const char* sources;
  // A rule's comment: its version. Change it with the rule, and tables of older versions are built anew.
  const char* rule;
  std::uint32_t address_size;
  std::uint32_t address_type;  // nft's number of ipv4_addr or ipv6_addr
};
inline constexpr FamilyNames kV4{Family::v4, "claims4", "sources4", "isthmus IPv4, version 1", 4, 7};
inline constexpr FamilyNames kV6{Family::v6, "claims6", "sources6", "isthmus IPv6, version 1", 16, 8};

constexpr const FamilyNames& names_of(Family family) { return family == Family::v4 ? kV4 : kV6; }

}  // namespace isthmus::nft
