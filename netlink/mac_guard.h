// MAC spoof protection: what comes in from a link with another source MAC than the one given out is dropped, before any
// bridge learns from it. One chain of nf_tables for each guarded link in a table of our own, `netdev isthmus`, on the
// link's ingress hook: the kernel takes the chain away together with the link, so there is nothing to clean up by name.
// Linux 4.2.
#pragma once

#include <optional>

#include "netlink/names.h"
#include "netlink/netfilter_socket.h"
#include "netns/result.h"

namespace isthmus {

// The link must exist and have no guard yet. Fails with [nft-failed] or [netlink-timeout].
Status guard_mac(NetfilterSocket& socket, const IfName& link, const MacAddress& only);

// The MAC the link is held to; nullopt: it is not guarded. Reads only. Fails with [nft-failed] or [netlink-timeout].
Result<std::optional<MacAddress>> guarded_mac(NetfilterSocket& socket, const IfName& link);

// Removes the table when no link is guarded any more. Fails with [nft-failed] or [netlink-timeout].
Status remove_unused_mac_guards(NetfilterSocket& socket);

}  // namespace isthmus
