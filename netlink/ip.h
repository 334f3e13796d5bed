// IP addresses and prefixes of either family, valid by birth. Bytes are in network order throughout.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "netlink/names.h"
#include "netns/result.h"

namespace isthmus {

enum class Family : std::uint8_t { v4, v6 };

class IpAddress {
 public:
  // "10.1.2.3" or "fd00::1". Leading zeros in an octet are refused (they mean octal to some and decimal to others);
  // a v4-mapped v6 address counts as v4. No zone. Fails with [bad-address].
  static Result<IpAddress> parse(std::string_view text);
  // 4 or 16 bytes in network order, as the kernel gives them; nullopt for any other size.
  static std::optional<IpAddress> from_bytes(std::span<const std::uint8_t> bytes);
  // 0.0.0.0 or ::
  static IpAddress any(Family family);
  // fe80:: plus the modified EUI-64 of the address (RFC 4291 appendix A).
  static IpAddress link_local(const MacAddress& mac);

  Family family() const { return family_; }
  // AF_INET or AF_INET6.
  int af() const;
  std::span<const std::uint8_t> bytes() const;
  // 32 or 128.
  unsigned bits() const { return family_ == Family::v4 ? 32 : 128; }
  std::string text() const;
  bool is_any() const;
  bool is_multicast() const;
  // The next or previous address; nullopt at the end of the number line.
  std::optional<IpAddress> next() const;
  std::optional<IpAddress> previous() const;
  // Ordered by family, then as numbers.
  auto operator<=>(const IpAddress&) const = default;

 private:
  IpAddress(Family family, std::array<std::uint8_t, 16> bytes) : family_(family), bytes_(bytes) {}
  Family family_;
  std::array<std::uint8_t, 16> bytes_;  // v4 in the first four, the rest zero
};

// An address with a prefix length that fits its family. Host bits are kept, as the CNI specification asks.
class Prefix {
 public:
  // "10.1.2.3/24". Fails with [bad-prefix], also for an address without a length.
  static Result<Prefix> parse(std::string_view text);
  // Fails with [bad-prefix] if `length` is more than the family has bits.
  static Result<Prefix> from(IpAddress address, unsigned length);
  // /32 or /128.
  static Prefix host(IpAddress address);
  // 0.0.0.0/0 or ::/0.
  static Prefix everything(Family family);

  const IpAddress& address() const { return address_; }
  unsigned length() const { return length_; }
  Family family() const { return address_.family(); }
  // The same prefix with the host bits cleared.
  Prefix network() const;
  // First and last address of the network, network and broadcast address included.
  IpAddress first() const;
  IpAddress last() const;
  bool contains(const IpAddress& address) const;
  bool overlaps(const Prefix& other) const;
  // The other lies in it, or is the same.
  bool covers(const Prefix& other) const;
  bool is_default() const { return length_ == 0; }
  std::string text() const;
  auto operator<=>(const Prefix&) const = default;

 private:
  Prefix(IpAddress address, unsigned length) : address_(address), length_(length) {}
  IpAddress address_;
  unsigned length_;
};

}  // namespace isthmus
