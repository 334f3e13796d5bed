#include <arpa/inet.h>

#include <algorithm>

#include "netlink/ip.h"
#include "netlink/quoted.h"

namespace isthmus {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::array<std::uint8_t, 16> padded(std::span<const std::uint8_t> bytes) {
  std::array<std::uint8_t, 16> out{};
  std::ranges::copy(bytes, out.begin());
  return out;
}

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  std::array<std::uint8_t, 16> bytes{};
  bool fits = text.size() < terminated.size() && text.find('\0') == text.npos;
  if (fits) {
    std::ranges::copy(text, terminated.begin());
    // inet_pton(3) takes decimal octets without leading zeros only, and no zone.
    if (inet_pton(AF_INET, terminated.data(), bytes.data()) == 1) return IpAddress(Family::v4, bytes);
    if (inet_pton(AF_INET6, terminated.data(), bytes.data()) == 1) {
      if (!std::ranges::equal(kMappedPrefix, std::span(bytes).first<12>())) return IpAddress(Family::v6, bytes);
      return IpAddress(Family::v4, padded(std::span(bytes).last<4>()));
    }
  }
  return Error{"use", in_quotes(text) + " as an IP address", 0, "it is neither IPv4 nor IPv6", "bad-address", {}};
}

std::optional<IpAddress> IpAddress::from_bytes(std::span<const std::uint8_t> bytes) {
  if (bytes.size() == 4) return IpAddress(Family::v4, padded(bytes));
  if (bytes.size() == 16) return IpAddress(Family::v6, padded(bytes));
  return std::nullopt;
}

IpAddress IpAddress::any(Family family) { return IpAddress(family, {}); }

IpAddress IpAddress::link_local(const MacAddress& mac) {
  const auto& m = mac.bytes();
  auto first = static_cast<std::uint8_t>(m[0] ^ 0x02);  // the universal/local bit is inverted
  return IpAddress(Family::v6, {0xfe, 0x80, 0, 0, 0, 0, 0, 0, first, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]});
}

int IpAddress::af() const { return family_ == Family::v4 ? AF_INET : AF_INET6; }

std::span<const std::uint8_t> IpAddress::bytes() const { return std::span(bytes_).first(bits() / 8); }

std::string IpAddress::text() const {
  // Most addresses are of this family, and inet_ntop(3) prints them at twenty times the cost.
  if (family_ == Family::v4) {
    return std::to_string(bytes_[0]) + '.' + std::to_string(bytes_[1]) + '.' + std::to_string(bytes_[2]) + '.' +
           std::to_string(bytes_[3]);
  }
  std::array<char, INET6_ADDRSTRLEN> out{};
  inet_ntop(af(), bytes_.data(), out.data(), out.size());
  return out.data();
}

bool IpAddress::is_any() const {
  return std::ranges::all_of(bytes_, [](std::uint8_t byte) { return byte == 0; });
}

bool IpAddress::is_multicast() const { return family_ == Family::v4 ? bytes_[0] >> 4 == 0xe : bytes_[0] == 0xff; }

std::optional<IpAddress> IpAddress::next() const {
  IpAddress out = *this;
  for (std::size_t i = bits() / 8; i-- > 0;) {
    if (++out.bytes_[i] != 0) return out;
  }
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::previous() const {
  IpAddress out = *this;
  for (std::size_t i = bits() / 8; i-- > 0;) {
    if (out.bytes_[i]-- != 0) return out;
  }
  return std::nullopt;
}

}  // namespace isthmus
