// Address ranges of the embedded IPAM, with the meaning of host-local's keys.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "netlink/ip.h"
#include "netlink/route.h"

namespace isthmus {

// Addresses `first` to `last` of `subnet`, both included, without the gateway and without `exclude`.
struct IpRange {
  Prefix subnet;  // host bits clear
  IpAddress first;
  IpAddress last;
  IpAddress gateway;  // first address of the subnet unless configured; never handed out
  std::vector<Prefix> exclude;
  bool allows(const IpAddress& address) const;
  bool operator==(const IpRange&) const = default;
};

// Interchangeable ranges of one family: one address is taken from one of them.
using RangeSet = std::vector<IpRange>;

// The parsed "ipam" object of type "isthmus".
struct EmbeddedIpamConf {
  std::vector<RangeSet> sets;        // one address is taken from each
  std::vector<RouteSpec> routes;     // passed into the result
  std::string resolv_conf;           // path to a file like /etc/resolv.conf; empty: none
  std::vector<IpAddress> requested;  // capability "ips", args.cni.ips, CNI_ARGS IP: each must be had from some set
  bool operator==(const EmbeddedIpamConf&) const = default;
};

// As written in the configuration.
struct IpRangeText {
  std::string subnet, range_start, range_end, gateway;
  std::vector<std::string> exclude;
};

// An address or a prefix, host bits allowed and cleared. Fails with [bad-range].
Result<Prefix> parse_exclude(const std::string& text);

// Checks and fills in what is absent: start = first host address, end = last before broadcast (v4) or last (v6),
// gateway = first host address. Fails with [bad-range] naming key and value: not a prefix, host bits set, /31, /32,
// /127, /128, an end before its start or outside the subnet, a gateway of the other family, an exclusion outside the
// subnet, no address left beside the gateway. The gateway may lie outside the subnet, as with host-local.
Result<IpRange> make_range(const IpRangeText& text);
// Fails with [bad-range] for an empty set, mixed families in a set, or ranges that overlap each other.
Status check_sets(const std::vector<RangeSet>& sets);

}  // namespace isthmus
