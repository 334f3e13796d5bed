#include "netlink/quoted.h"

namespace isthmus {
namespace {

constexpr std::size_t kLongestShown = 64;

// Bytes of the printable character at the beginning; 0 when it is none.
std::size_t printable_bytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  const std::size_t size = first >= 0xf5 ? 0 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (size == 0 || text.size() < size) return 0;
  for (char c : text.substr(1, size - 1))
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) return 0;
  // U+0080 to U+009F; U+009B opens an escape sequence by itself.
  return first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0 ? 0 : size;
}

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out = "'";
  for (char c : text.substr(0, kLongestShown)) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  if (text.size() > kLongestShown) out += "...";
  return out + "'";
}

std::string without_controls(std::string_view text, char instead) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = printable_bytes(text);
    if (size == 0) out += instead;
    out += text.substr(0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

}  // namespace isthmus
