// Who else drops what the host forwards. A base chain on the forward hook with policy drop, as Docker and firewalld set
// it, takes away every packet that no rule of that chain accepts, whatever our own table says.
//
// Chains of `iptables-nft` are chains of nf_tables and are seen; those of `iptables-legacy` live outside nf_tables and
// are not.
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "netlink/netfilter_socket.h"
#include "netns/result.h"

namespace isthmus {

struct DroppingChain {
  std::string family;  // "ip", "ip6", "inet", or "bridge": frames between ports of one bridge
  std::string table;
  std::string chain;
  // "ip filter FORWARD", as `nft list chain` takes it.
  std::string text() const { return family + " " + table + " " + chain; }
  auto operator<=>(const DroppingChain&) const = default;
};

// In order; tables that are switched off (dormant) are left out. Whether a rule of the chain accepts our traffic after
// all is not looked into: only traffic can tell. Fails with [nft-failed] or [netlink-timeout].
Result<std::vector<DroppingChain>> dropping_forward_chains(NetfilterSocket& socket);

}  // namespace isthmus
