#include "plugin/cni/ids.h"

#include <algorithm>

#include "netlink/quoted.h"

namespace isthmus {
namespace {

// A directory's name has 255 bytes; the rest is for what we append to it.
constexpr std::size_t kLongestNetworkName = 200;

bool is_alphanumeric(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
}

// Empty when the text is fine.
std::string what_is_wrong(std::string_view text) {
  if (text.empty()) return "it is empty";
  if (!is_alphanumeric(text.front())) return "it does not start with a letter or digit";
  bool legal = std::all_of(text.begin(), text.end(), [](char byte) {
    return is_alphanumeric(byte) || byte == '_' || byte == '.' || byte == '-';
  });
  return legal ? "" : "only letters, digits, '_', '.' and '-' are allowed";
}

}  // namespace

Result<ContainerId> ContainerId::parse(std::string_view text) {
  if (std::string wrong = what_is_wrong(text); !wrong.empty())
    return Error{"accept container id", in_quotes(text), 0, wrong, "bad-container-id", {}};
  return ContainerId(std::string(text));
}

Result<NetworkName> NetworkName::parse(std::string_view text) {
  std::string wrong = what_is_wrong(text);
  if (text.size() > kLongestNetworkName)
    wrong = "it has " + std::to_string(text.size()) + " bytes, at most " + std::to_string(kLongestNetworkName) +
            " are allowed";
  if (!wrong.empty()) return Error{"accept network name", in_quotes(text), 0, wrong, "bad-network-name", {}};
  return NetworkName(std::string(text));
}

}  // namespace isthmus
