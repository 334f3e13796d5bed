#include "plugin/reap/link_owner.h"

#include "plugin/reap/item.h"

namespace isthmus {
namespace {

std::optional<AttachmentKey> make_key(std::string_view network, std::string_view id, std::string_view interface) {
  auto name = NetworkName::parse(network);
  auto container = ContainerId::parse(id);
  auto ifname = IfName::parse(interface);
  if (!name || !container || !ifname) return std::nullopt;
  return AttachmentKey{*name, *container, *ifname};
}

}  // namespace

std::optional<AttachmentKey> attachment_of_link(const LinkInfo& link) {
  constexpr std::string_view kPrefix = "isthmus ";
  std::string_view alias = link.alias;
  if (link.kind != "veth" || !alias.starts_with(kPrefix)) return std::nullopt;
  alias.remove_prefix(kPrefix.size());
  alias = alias.substr(0, alias.find(' '));
  std::size_t first = alias.find('/');
  std::size_t second = first == std::string_view::npos ? first : alias.find('/', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  auto key = make_key(alias.substr(0, first), alias.substr(first + 1, second - first - 1), alias.substr(second + 1));
  if (!key) return std::nullopt;
  bool is_its = link.mac == key->host_mac();
  for (int attempt = 0; attempt < AttachmentKey::kHostNameTries; ++attempt)
    is_its = is_its || link.name == key->host_ifname(attempt).text();
  return is_its ? key : std::nullopt;
}

std::optional<AttachmentKey> key_of(const ReapItem& item) {
  return make_key(item.network, item.holder.container_id, item.holder.ifname);
}

}  // namespace isthmus
