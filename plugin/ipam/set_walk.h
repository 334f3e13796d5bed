// The addresses of a range set in the order in which they are handed out. Nothing is materialised: a /64 costs no more
// than a /30, and an excluded block is one step however large.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "plugin/cni/ranges.h"

namespace isthmus {

// Whether the address may ever be handed out from this range: IpRange::allows, and neither the network's own address
// (for IPv6 the subnet-router anycast address, RFC 4291 section 2.6.1) nor the IPv4 broadcast address.
bool may_be_leased(const IpRange& range, const IpAddress& address);

// The range of the set the address may be handed out from; null when there is none.
const IpRange* range_for(const RangeSet& set, const IpAddress& address);

class SetWalk {
 public:
  // Starts behind `after`, or at the first address of the set when that is absent or in none of its ranges.
  // `set` must outlive the walk.
  SetWalk(const RangeSet& set, const std::optional<IpAddress>& after);
  // Each address that may be leased once; nullopt when all the way round.
  std::optional<IpAddress> next();

 private:
  struct Leg {
    const IpRange* range;
    IpAddress from;
    IpAddress to;
  };
  void add_leg(const IpRange& range, const std::optional<IpAddress>& from, const IpAddress& to);
  std::vector<Leg> legs_;
  std::size_t current_ = 0;
};

}  // namespace isthmus
