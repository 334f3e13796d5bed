// The messages about the table `inet isthmus`: what it looks like is written here and nowhere else.
//
//   table inet isthmus {
//     set claims4 { type ipv4_addr . inet_service . ifname }     subnet, its length, a hash of the owner; the owner's
//     set claims6 { type ipv6_addr . inet_service . ifname }     name is the comment. No rule looks into these.
//     set sources4 { type ipv4_addr; flags interval }            the subnets of claims4 that lie in no other
//     set sources6 { type ipv6_addr; flags interval }
//     chain postrouting {
//       type nat hook postrouting priority srcnat + 20
//       ip saddr @sources4 ip daddr != @sources4 ip daddr != 224.0.0.0/4 masquerade fully-random
//       ip6 saddr @sources6 ip6 daddr != @sources6 ip6 daddr != ff00::/8 ip6 daddr != fe80::/10 masquerade fully-random
//     }
//   }
//
// The types of the claims are chosen so that `nft` can show them. Private to netlink/.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "netlink/ip.h"
#include "netlink/masquerade.h"
#include "netlink/nft_message.h"

namespace isthmus::nft {

// Part of an address family from one address to another, both included, as a set of ranges has it.
struct AddressRange {
  IpAddress first;
  IpAddress last;
  auto operator<=>(const AddressRange&) const = default;
};

enum class Change { add, remove };

constexpr std::size_t kLongestOwner = 240;

// Changes.
std::vector<NftMessage> make_table();
NftMessage drop_table();
// As many messages as it takes, appended to `out`. The elements may be of both families.
void change_claims(Change change, std::span<const MasqueradeSource> claims, std::vector<NftMessage>& out);
void change_sources(Change change, std::span<const AddressRange> ranges, std::vector<NftMessage>& out);

// Reads.
NftMessage get_generation();
NftMessage get_table();
NftMessage get_chain();
NftMessage dump_rules();
NftMessage dump_claims(Family family);
NftMessage dump_sources(Family family);
NftMessage get_claim(const MasqueradeSource& claim);
// The range that the first address of the subnet lies in.
NftMessage get_source(const Prefix& subnet);

// Answers.
std::uint32_t read_generation(std::span<const NftReply> replies);  // 0 when there is none
bool is_our_table(std::span<const NftReply> replies);              // and not switched off (dormant)
bool is_our_chain(std::span<const NftReply> replies);              // at the hook and priority it should have
bool are_our_rules(std::span<const NftReply> replies);             // those of this version, whatever else is there
// Appends what is ours; false when something there is not.
bool read_claims(Family family, std::span<const NftReply> replies, std::vector<MasqueradeSource>& out);
// Appends the ranges, in order.
void read_sources(Family family, std::span<const NftReply> replies, std::vector<AddressRange>& out);

}  // namespace isthmus::nft
