// The text of a path that is said to lead to a network namespace.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "netns/result.h"

namespace isthmus {

// An absolute path without NUL, at most PATH_MAX - 1 bytes. Says nothing yet about the file.
class NetnsPath {
 public:
  // Fails with [netns-path] when the text is empty, relative, too long, or has a NUL.
  static Result<NetnsPath> parse(std::string_view text);
  const std::string& text() const { return text_; }
  // "web" for /run/netns/web and /var/run/netns/web, where `ip netns` keeps its names; empty for every other path.
  std::string_view name() const;
  bool operator==(const NetnsPath&) const = default;

 private:
  explicit NetnsPath(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace isthmus
