#include "netlink/quoted.h"

namespace isthmus {
namespace {

constexpr std::size_t kLongestShown = 64;

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

}  // namespace isthmus
