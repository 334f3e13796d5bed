// Names the kernel gives meaning to, valid by birth: one factory, no setter, no conversion between them.
#pragma once

#include <net/if.h>

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "netns/result.h"

namespace isthmus {

// An interface name by the kernel's own rule (net/core/dev.c, dev_valid_name): 1 to 15 bytes, not "." or "..",
// no '/', no ':', no white space (Unicode white space is refused too, as the CNI library does). Control characters and
// bytes that are no UTF-8, which the kernel takes, are refused: a name is shown to people and stands in JSON.
class IfName {
 public:
  // Fails with [bad-ifname].
  static Result<IfName> parse(std::string_view text);
  const std::string& text() const { return text_; }
  auto operator<=>(const IfName&) const = default;

 private:
  explicit IfName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// Six bytes of an Ethernet address, never multicast and never all zero.
class MacAddress {
 public:
  // "02:00:00:00:00:77", either case, ':' or '-' between the bytes. Fails with [bad-mac].
  static Result<MacAddress> parse(std::string_view text);
  // Six bytes of a hash, made a locally administered unicast address (IEEE 802 U/L bit set, I/G bit cleared).
  static MacAddress local(std::array<std::uint8_t, 6> seed);
  // As the kernel gives it, without judgement.
  static MacAddress from_kernel(const std::uint8_t* six_bytes);
  const std::array<std::uint8_t, 6>& bytes() const { return bytes_; }
  // Lower case with colons: the one form CNI consumers compare.
  std::string text() const;
  auto operator<=>(const MacAddress&) const = default;

 private:
  explicit MacAddress(std::array<std::uint8_t, 6> bytes) : bytes_(bytes) {}
  std::array<std::uint8_t, 6> bytes_;
};

// Octets of data on the link, 68 (RFC 791) to 65535; 1280 at least where IPv6 is used is checked by the planner.
class Mtu {
 public:
  // Fails with [bad-mtu].
  static Result<Mtu> from(std::int64_t octets);
  std::uint32_t octets() const { return octets_; }
  auto operator<=>(const Mtu&) const = default;

 private:
  explicit Mtu(std::uint32_t octets) : octets_(octets) {}
  std::uint32_t octets_;
};

}  // namespace isthmus
