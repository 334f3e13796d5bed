#include "plugin/attachment/key.h"

#include <array>

#include "plugin/cni/hash.h"

namespace isthmus {
namespace {

constexpr std::size_t kLongestFileName = 255;  // NAME_MAX
constexpr std::size_t kLongestAlias = 255;     // IFALIASZ - 1, linux/if.h

// '/' is legal in no part, so two keys never make the same text.
std::string joined(const AttachmentKey& key) {
  return key.network.text() + "/" + key.container_id.text() + "/" + key.ifname.text();
}

enum Purpose : std::uint64_t { kHostMac = 100, kContainerMac, kFileName };

MacAddress mac_of(const AttachmentKey& key, Purpose purpose) {
  std::uint64_t hash = hash_text(joined(key), purpose);
  std::array<std::uint8_t, 6> seed;
  for (auto& byte : seed) {
    byte = static_cast<std::uint8_t>(hash & 0xff);
    hash >>= 8;
  }
  return MacAddress::local(seed);
}

}  // namespace

std::string AttachmentKey::file_name() const {
  std::string name = container_id.text() + ":" + ifname.text();
  if (name.size() <= kLongestFileName) return name;
  const std::string hex = hex_digits(hash_text(joined(*this), kFileName), 16);
  // A ':' first can be no container id, so the two forms never meet.
  return ":" + container_id.text().substr(0, 100) + "-" + hex;
}

IfName AttachmentKey::host_ifname(int attempt) const {
  const std::uint64_t hash = hash_text(joined(*this), static_cast<std::uint64_t>(attempt));
  return *IfName::parse("ist" + hex_digits(hash >> 16, 12));
}

MacAddress AttachmentKey::host_mac() const { return mac_of(*this, kHostMac); }
MacAddress AttachmentKey::container_mac() const { return mac_of(*this, kContainerMac); }

std::string AttachmentKey::alias(const std::string& pod) const {
  std::string text = "isthmus " + joined(*this);
  if (!pod.empty()) text += " pod ";
  // The pod's name is a stranger's text, and terminals show aliases.
  for (char c : pod)
    text += c >= ' ' && c <= '~' ? c : '?';
  if (text.size() > kLongestAlias) text.resize(kLongestAlias);
  return text;
}

}  // namespace isthmus
