#include "netns/netns_path.h"

#include <algorithm>
#include <climits>

namespace isthmus {

Result<NetnsPath> NetnsPath::parse(std::string_view text) {
  auto fail = [&](const char* why) {
    // What is too long or has a NUL is not repeated: it would spoil the message.
    std::string shown(text.substr(0, std::min<std::size_t>(text.find('\0'), 80)));
    return Error{"use as network namespace the path", "'" + shown + "'", 0, why, "netns-path", {}};
  };
  if (text.empty()) return fail("it is empty");
  if (!text.starts_with('/')) return fail("it is not absolute");
  if (text.size() >= PATH_MAX) return fail("it is longer than 4095 bytes");
  if (text.find('\0') != std::string_view::npos) return fail("it has a NUL byte in it");
  return NetnsPath(std::string(text));
}

std::string_view NetnsPath::name() const {
  for (std::string_view dir : {"/run/netns/", "/var/run/netns/"}) {
    if (!text_.starts_with(dir)) continue;
    std::string_view name = std::string_view(text_).substr(dir.size());
    bool is_entry = name.find('/') == std::string_view::npos && name != "." && name != "..";
    if (is_entry) return name;
  }
  return {};
}

}  // namespace isthmus
