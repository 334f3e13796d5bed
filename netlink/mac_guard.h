// MAC spoof protection: what comes in from a link with another source MAC than the one given out is dropped, before any
// bridge learns from it. One chain of nf_tables for each guarded link in a table of our own, `netdev isthmus`, on the
// link's ingress hook and under the link's name. Kernels before 6.16 take the chain away together with the link, newer
// ones keep it without a hook. Linux 4.2.
#pragma once

#include <optional>

#include "netlink/names.h"
#include "netlink/netfilter_socket.h"
#include "netns/result.h"

namespace isthmus {

// Takes the place of a guard that a link of the same name had. The link must exist: newer kernels wait for one that
// does not, older ones refuse. Fails with [nft-failed] or [netlink-timeout].
Status guard_mac(NetfilterSocket& socket, const IfName& link, const MacAddress& only);

// The MAC the link is held to; nullopt: it is not guarded. Reads only. Fails with [nft-failed] or [netlink-timeout].
Result<std::optional<MacAddress>> guarded_mac(NetfilterSocket& socket, const IfName& link);

// Removes the guard of a link, which may be gone already, and the table with the last. Fails with [nft-failed] or
// [netlink-timeout].
Status remove_mac_guard(NetfilterSocket& socket, const IfName& link);

}  // namespace isthmus
