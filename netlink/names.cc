#include "netlink/names.h"

#include <algorithm>

#include "netlink/quoted.h"

namespace isthmus {
namespace {

// The kernel's isspace() (lib/ctype.c) works on bytes of Latin-1: U+00A0 is space to it, also as part of UTF-8 text.
bool is_kernel_space(unsigned char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r') || byte == 0xa0; }

// The white space of Unicode that is_kernel_space() does not see, as UTF-8.
constexpr std::string_view kUnicodeSpaces[] = {
    "\xc2\x85",      // U+0085 next line
    "\xe1\x9a\x80",  // U+1680 ogham space mark
    "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85",
    "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a",  // U+2000 to U+200A
    "\xe2\x80\xa8", "\xe2\x80\xa9",                                                  // line, paragraph separator
    "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",  // narrow, mathematical, ideographic
};

bool has_white_space(std::string_view text) {
  if (std::ranges::any_of(text, [](char c) { return is_kernel_space(static_cast<unsigned char>(c)); })) return true;
  return std::ranges::any_of(kUnicodeSpaces, [&](std::string_view space) { return text.find(space) != text.npos; });
}

// What is wrong with the name; empty when nothing is.
std::string ifname_fault(std::string_view text) {
  if (text.empty()) return "it is empty";
  if (text.size() >= IFNAMSIZ) {
    return "it has " + std::to_string(text.size()) + " bytes, the kernel takes at most " + std::to_string(IFNAMSIZ - 1);
  }
  if (text == "." || text == "..") return "it is the name of a directory";
  if (text.find('\0') != text.npos) return "it contains a NUL byte";
  if (std::size_t at = text.find_first_of("/:%"); at != text.npos) return std::string("it contains '") + text[at] + "'";
  if (has_white_space(text)) return "it contains white space";
  if (without_controls(text, '\0') != text) return "it contains a control character or is not UTF-8";
  return {};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::size_t kMacTextSize = 17;

std::string mac_fault(std::string_view text, std::array<std::uint8_t, 6>& bytes) {
  const char* form = "it is not of the form 02:00:00:00:00:77";
  if (text.size() != kMacTextSize || (text[2] != ':' && text[2] != '-')) return form;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    int high = hex_digit(text[3 * i]);
    int low = hex_digit(text[3 * i + 1]);
    if (high < 0 || low < 0 || (i < 5 && text[3 * i + 2] != text[2])) return form;
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  if (bytes[0] & 1) return "it is a multicast address";
  if (std::ranges::all_of(bytes, [](std::uint8_t b) { return b == 0; })) return "it is all zero";
  return {};
}

}  // namespace

Result<IfName> IfName::parse(std::string_view text) {
  std::string fault = ifname_fault(text);
  if (fault.empty()) return IfName(std::string(text));
  return Error{"use", in_quotes(text) + " as an interface name", 0, fault, "bad-ifname", {}};
}

Result<MacAddress> MacAddress::parse(std::string_view text) {
  std::array<std::uint8_t, 6> bytes{};
  std::string fault = mac_fault(text, bytes);
  if (fault.empty()) return MacAddress(bytes);
  return Error{"use", in_quotes(text) + " as a MAC address", 0, fault, "bad-mac", {}};
}

MacAddress MacAddress::local(std::array<std::uint8_t, 6> seed) {
  seed[0] = static_cast<std::uint8_t>((seed[0] | 0x02) & ~0x01);
  return MacAddress(seed);
}

MacAddress MacAddress::from_kernel(const std::uint8_t* six_bytes) {
  std::array<std::uint8_t, 6> bytes;
  std::copy_n(six_bytes, bytes.size(), bytes.begin());
  return MacAddress(bytes);
}

std::string MacAddress::text() const {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(kMacTextSize);
  for (std::uint8_t byte : bytes_) {
    if (!out.empty()) out += ':';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

Result<Mtu> Mtu::from(std::int64_t octets) {
  if (octets >= 68 && octets <= 65535) return Mtu(static_cast<std::uint32_t>(octets));
  return Error{"use", std::to_string(octets) + " as an MTU", 0, "it must be from 68 to 65535 octets", "bad-mtu", {}};
}

}  // namespace isthmus
