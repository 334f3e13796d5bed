#include "plugin/cni/ranges.h"

#include <algorithm>

#include "netlink/quoted.h"

namespace isthmus {
namespace {

// The longest prefix that leaves room for a gateway and a container: /30 and /126.
constexpr unsigned kFewestHostBits = 2;

Error bad_range(const IpRangeText& text, std::string detail) {
  return Error{"use", "range " + in_quotes(text.subnet), 0, std::move(detail), "bad-range", {}};
}

std::string key_and_value(const char* key, const std::string& value) {
  return "'" + std::string(key) + "' = " + in_quotes(value);
}

Result<Prefix> read_subnet(const IpRangeText& text) {
  if (text.subnet.empty()) return bad_range(text, "'subnet' is missing");
  auto subnet = Prefix::parse(text.subnet);
  if (!subnet) return bad_range(text, key_and_value("subnet", text.subnet) + ": " + subnet.error().detail);
  if (subnet->address() != subnet->first())
    return bad_range(
        text, key_and_value("subnet", text.subnet) + " has host bits set, the network is " + subnet->network().text());
  if (subnet->length() > subnet->address().bits() - kFewestHostBits)
    return bad_range(text, key_and_value("subnet", text.subnet) + " is too small: the smallest are /30 and /126");
  return *subnet;
}

// `text` empty: `otherwise`. Must have the subnet's family.
Result<IpAddress> read_of_family(const IpRangeText& range,
                                 const char* key,
                                 const std::string& text,
                                 const IpAddress& otherwise) {
  if (text.empty()) return otherwise;
  auto address = IpAddress::parse(text);
  if (!address) return bad_range(range, key_and_value(key, text) + ": " + address.error().detail);
  if (address->family() != otherwise.family())
    return bad_range(range, key_and_value(key, text) + " is of the other address family than the subnet");
  return *address;
}

Result<IpAddress> read_end(const IpRangeText& range,
                           const char* key,
                           const std::string& text,
                           const Prefix& subnet,
                           const IpAddress& otherwise) {
  TRY(IpAddress address, read_of_family(range, key, text, otherwise));
  if (!subnet.contains(address)) return bad_range(range, key_and_value(key, text) + " is outside the subnet");
  return address;
}

// A v4 subnet's last address is its broadcast address; v6 has none.
IpAddress last_host(const Prefix& subnet) {
  return subnet.family() == Family::v4 ? *subnet.last().previous() : subnet.last();
}

Result<std::vector<Prefix>> read_excludes(const IpRangeText& text, const Prefix& subnet) {
  std::vector<Prefix> excludes;
  for (const std::string& entry : text.exclude) {
    TRY(Prefix exclude, parse_exclude(entry));
    if (!subnet.overlaps(exclude)) return bad_range(text, key_and_value("exclude", entry) + " is outside the subnet");
    excludes.push_back(exclude);
  }
  return excludes;
}

bool overlap(const IpRange& left, const IpRange& right) {
  return left.first.family() == right.first.family() && left.first <= right.last && right.first <= left.last;
}

std::string span_text(const IpRange& range) { return range.first.text() + " to " + range.last.text(); }

Error bad_sets(std::string detail) { return Error{"use", "the address ranges", 0, std::move(detail), "bad-range", {}}; }

// Against the ranges after it, of its own set and of all later ones.
Status check_overlap(const std::vector<RangeSet>& sets, std::size_t set, std::size_t index) {
  const IpRange& range = sets[set][index];
  for (std::size_t s = set; s < sets.size(); ++s) {
    for (std::size_t i = s == set ? index + 1 : 0; i < sets[s].size(); ++i) {
      if (overlap(range, sets[s][i]))
        return bad_sets("range " + span_text(range) + " overlaps range " + span_text(sets[s][i]));
    }
  }
  return done;
}

}  // namespace

bool IpRange::allows(const IpAddress& address) const {
  if (address.family() != first.family() || address < first || last < address || address == gateway) return false;
  return std::none_of(exclude.begin(), exclude.end(), [&](const Prefix& prefix) { return prefix.contains(address); });
}

Result<Prefix> parse_exclude(const std::string& text) {
  if (text.find('/') == std::string::npos) {
    if (auto address = IpAddress::parse(text)) return Prefix::host(*address);
  } else if (auto prefix = Prefix::parse(text)) {
    return prefix->network();
  }
  return Error{"use", key_and_value("exclude", text), 0, "it is neither an address nor a prefix", "bad-range", {}};
}

Result<IpRange> make_range(const IpRangeText& text) {
  TRY(Prefix subnet, read_subnet(text));
  IpAddress first_host = *subnet.first().next();
  TRY(IpAddress first, read_end(text, "rangeStart", text.range_start, subnet, first_host));
  TRY(IpAddress last, read_end(text, "rangeEnd", text.range_end, subnet, last_host(subnet)));
  TRY(IpAddress gateway, read_of_family(text, "gateway", text.gateway, first_host));
  if (last < first) return bad_range(text, "its end " + last.text() + " is before its start " + first.text());
  if (first == last && first == gateway)
    return bad_range(text, "its only address " + first.text() + " is the gateway's");
  TRY(std::vector<Prefix> exclude, read_excludes(text, subnet));
  return IpRange{subnet, first, last, gateway, std::move(exclude)};
}

Status check_sets(const std::vector<RangeSet>& sets) {
  for (std::size_t set = 0; set < sets.size(); ++set) {
    if (sets[set].empty()) return bad_sets("set " + std::to_string(set) + " has no range");
    for (std::size_t i = 0; i < sets[set].size(); ++i) {
      const IpRange& range = sets[set][i];
      if (range.first.family() != sets[set].front().first.family())
        return bad_sets("set " + std::to_string(set) + " mixes IPv4 and IPv6: one address is taken from a set, so " +
                        range.subnet.text() + " needs a set of its own");
      TRY_OK(check_overlap(sets, set, i));
    }
  }
  return done;
}

}  // namespace isthmus
