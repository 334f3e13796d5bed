// Names that CNI gives meaning to, valid by birth and not interchangeable.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "netns/result.h"

namespace isthmus {

// One ASCII letter or digit, then any number of letters, digits, '_', '.', '-' (CNI specification, section 2).
class ContainerId {
 public:
  // Fails with [bad-container-id].
  static Result<ContainerId> parse(std::string_view text);
  const std::string& text() const { return text_; }
  auto operator<=>(const ContainerId&) const = default;

 private:
  explicit ContainerId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// The same alphabet, for the network's name; at most 200 bytes, because it is a directory's name as well.
class NetworkName {
 public:
  // Fails with [bad-network-name].
  static Result<NetworkName> parse(std::string_view text);
  const std::string& text() const { return text_; }
  auto operator<=>(const NetworkName&) const = default;

 private:
  explicit NetworkName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace isthmus
