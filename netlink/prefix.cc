#include <algorithm>

#include "netlink/ip.h"
#include "netlink/quoted.h"

namespace isthmus {
namespace {

constexpr unsigned kMappedBits = 96;  // ::ffff:0:0/96, RFC 4291 section 2.5.5.2

// The bits of byte `index` that belong to the network when the prefix has `length` bits.
std::uint8_t mask_byte(std::size_t index, unsigned length) {
  unsigned before = static_cast<unsigned>(index) * 8;
  if (length >= before + 8) return 0xff;
  if (length <= before) return 0;
  return static_cast<std::uint8_t>(0xff << (before + 8 - length));
}

// Network bits of `address`; host bits all zero or all one.
IpAddress with_host_bits(const IpAddress& address, unsigned length, bool ones) {
  std::array<std::uint8_t, 16> out{};
  auto bytes = address.bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::uint8_t mask = mask_byte(i, length);
    std::uint8_t host = ones ? static_cast<std::uint8_t>(~mask) : std::uint8_t{0};
    out[i] = static_cast<std::uint8_t>((bytes[i] & mask) | host);
  }
  return *IpAddress::from_bytes(std::span(out).first(bytes.size()));
}

// Decimal without sign, white space or leading zeros.
std::optional<unsigned> parse_length(std::string_view text) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  unsigned value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

Error bad_prefix(std::string_view text, std::string detail) {
  return Error{"use", in_quotes(text) + " as a prefix", 0, std::move(detail), "bad-prefix", {}};
}

}  // namespace

Result<Prefix> Prefix::parse(std::string_view text) {
  std::size_t slash = text.find('/');
  if (slash == text.npos) return bad_prefix(text, "it has no length, as in 10.1.2.3/24");
  std::string_view address_text = text.substr(0, slash);
  auto address = IpAddress::parse(address_text);
  if (!address) return bad_prefix(text, "its address is neither IPv4 nor IPv6");
  std::optional<unsigned> length = parse_length(text.substr(slash + 1));
  if (!length) return bad_prefix(text, "its length is not a plain number");
  bool mapped = address->family() == Family::v4 && address_text.find(':') != text.npos;
  if (mapped) {
    if (*length < kMappedBits) return bad_prefix(text, "it covers more than the IPv4-mapped addresses");
    *length -= kMappedBits;
  }
  if (*length > address->bits()) return bad_prefix(text, "its length is more than the address has bits");
  return Prefix(*address, *length);
}

Result<Prefix> Prefix::from(IpAddress address, unsigned length) {
  if (length <= address.bits()) return Prefix(address, length);
  return bad_prefix(address.text() + "/" + std::to_string(length), "its length is more than the address has bits");
}

Prefix Prefix::host(IpAddress address) { return Prefix(address, address.bits()); }

Prefix Prefix::everything(Family family) { return Prefix(IpAddress::any(family), 0); }

Prefix Prefix::network() const { return Prefix(first(), length_); }

IpAddress Prefix::first() const { return with_host_bits(address_, length_, false); }

IpAddress Prefix::last() const { return with_host_bits(address_, length_, true); }

bool Prefix::contains(const IpAddress& address) const {
  return address.family() == family() && with_host_bits(address, length_, false) == first();
}

bool Prefix::overlaps(const Prefix& other) const {
  return length_ <= other.length_ ? contains(other.address_) : other.contains(address_);
}

bool Prefix::covers(const Prefix& other) const { return length_ <= other.length_ && contains(other.address_); }

std::string Prefix::text() const { return address_.text() + "/" + std::to_string(length_); }

}  // namespace isthmus
