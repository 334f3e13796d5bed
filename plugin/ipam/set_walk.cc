#include "plugin/ipam/set_walk.h"

#include <algorithm>

namespace isthmus {
namespace {

const Prefix* exclusion_of(const IpRange& range, const IpAddress& address) {
  auto found = std::find_if(range.exclude.begin(), range.exclude.end(),
                            [&](const Prefix& excluded) { return excluded.contains(address); });
  return found == range.exclude.end() ? nullptr : &*found;
}

// The first address from `from` to `to` that may be leased.
std::optional<IpAddress> first_allowed(const IpRange& range, const IpAddress& from, const IpAddress& to) {
  std::optional<IpAddress> at = from;
  while (at && *at <= to) {
    if (const Prefix* excluded = exclusion_of(range, *at)) {
      at = excluded->last().next();
    } else if (!may_be_leased(range, *at)) {
      at = at->next();
    } else {
      return at;
    }
  }
  return std::nullopt;
}

bool within(const IpRange& range, const IpAddress& address) { return range.first <= address && address <= range.last; }

}  // namespace

bool may_be_leased(const IpRange& range, const IpAddress& address) {
  if (!range.allows(address)) return false;
  if (address == range.subnet.first()) return false;
  return address.family() == Family::v6 || address != range.subnet.last();
}

const IpRange* range_for(const RangeSet& set, const IpAddress& address) {
  auto found =
      std::find_if(set.begin(), set.end(), [&](const IpRange& range) { return may_be_leased(range, address); });
  return found == set.end() ? nullptr : &*found;
}

SetWalk::SetWalk(const RangeSet& set, const std::optional<IpAddress>& after) {
  auto start = set.end();
  if (after) {
    start = std::find_if(set.begin(), set.end(), [&](const IpRange& range) { return within(range, *after); });
  }
  if (start == set.end()) {
    for (const IpRange& range : set)
      add_leg(range, range.first, range.last);
    return;
  }
  add_leg(*start, after->next(), start->last);
  for (auto range = start + 1; range != set.end(); ++range)
    add_leg(*range, range->first, range->last);
  for (auto range = set.begin(); range != start; ++range)
    add_leg(*range, range->first, range->last);
  add_leg(*start, start->first, *after);
}

void SetWalk::add_leg(const IpRange& range, const std::optional<IpAddress>& from, const IpAddress& to) {
  if (from && *from <= to) legs_.push_back({&range, *from, to});
}

std::optional<IpAddress> SetWalk::next() {
  while (current_ < legs_.size()) {
    Leg& leg = legs_[current_];
    auto found = first_allowed(*leg.range, leg.from, leg.to);
    auto following = found ? found->next() : std::nullopt;
    if (!following || *following > leg.to) {
      ++current_;
    } else {
      leg.from = *following;
    }
    if (found) return found;
  }
  return std::nullopt;
}

}  // namespace isthmus
