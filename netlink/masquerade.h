// Masquerade: what leaves the subnets of our networks for anywhere else takes the address of the link it leaves by.
// One nf_tables table of our own, `inet isthmus`: two rules however many networks and attachments there are, and sets
// of subnets they look into. What goes to one of those subnets, to multicast or to an IPv6 link-local address keeps its
// source. No other table is ever read or touched. Linux 5.2.
//
// Each subnet is held for an owner, and stays until its last owner lets go; what an owner holds is kept in the table
// itself, so that no list outside can disagree with it. Subnets of different owners may be equal or nested: a set of
// ranges refuses overlaps (EEXIST), so it gets those subnets only that lie in no other.
//
// A change is worked out from what is there and sent as one transaction that the kernel refuses if anybody changed the
// ruleset meanwhile; then it is worked out again. So it never asks for what cannot be done, and any number of processes
// may do it at once. (Deleting what is not there, as NFT_MSG_DESTROY* since Linux 6.3 allows, is not needed.)
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "netlink/ip.h"
#include "netlink/netfilter_socket.h"
#include "netns/result.h"

namespace isthmus {

struct MasqueradeSource {
  std::string owner;  // who holds the subnet: a network's name, or a single attachment where subnets are not known
  Prefix subnet;      // of any length; host bits do not count
  auto operator<=>(const MasqueradeSource&) const = default;
};

// Whether all of it is in force: table, chain, rules, and each subnet held for its owner. Reads only: one datagram. For
// every ADD and CHECK. Fails with [nft-failed] or [netlink-timeout].
Result<bool> masquerades(NetfilterSocket& socket, const std::vector<MasqueradeSource>& sources);

// Puts in force what is missing; a table that is incomplete or of another version is built anew in the same
// transaction, with all that is held in it. Writes nothing when nothing is missing. Fails with [internal] (not 1 to
// 240 bytes without NUL), [nft-failed] or [netlink-timeout].
Status ensure_masquerade(NetfilterSocket& socket, const std::vector<MasqueradeSource>& sources);

// Lets go of everything the owners hold, and removes the table when nobody holds anything any more. Who holds nothing
// is done. Fails with [nft-failed] or [netlink-timeout].
Status remove_masquerade(NetfilterSocket& socket, const std::vector<std::string>& owners);

// All that is held, in order. Empty when there is no table. Fails with [nft-failed] or [netlink-timeout].
Result<std::vector<MasqueradeSource>> masquerade_sources(NetfilterSocket& socket);

}  // namespace isthmus
