#include "netlink/nft_message.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace isthmus {
namespace {

// A message that does not fit would lose an attribute silently; sizes are bounded by their builders, so this is a bug.
void must_fit(bool fitted) {
  if (!fitted) throw std::length_error("nf_tables message: attribute does not fit");
}

std::span<const std::byte> payload(const nlattr* attribute) {
  return {static_cast<const std::byte*>(mnl_attr_get_payload(attribute)), mnl_attr_get_payload_len(attribute)};
}

// Calls visit(attribute) until it says that it has seen enough.
template <class Visit>
void walk(std::span<const std::byte> bytes, Visit visit) {
  while (bytes.size() >= sizeof(nlattr)) {
    auto* at = reinterpret_cast<const nlattr*>(bytes.data());
    if (!mnl_attr_ok(at, static_cast<int>(bytes.size())) || visit(at)) return;
    bytes = bytes.subspan(std::min<std::size_t>(MNL_ALIGN(mnl_attr_get_len(at)), bytes.size()));
  }
}

}  // namespace

NftMessage::NftMessage(int type, std::uint8_t family, std::uint16_t flags)
    : buffer_(std::make_unique<std::byte[]>(kSize)) {  // zeros, because libmnl 1.0.4 leaves padding as it finds it
  nlmsghdr* header = mnl_nlmsg_put_header(buffer_.get());
  header->nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type);
  header->nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
  auto* extra = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
  extra->nfgen_family = family;
  extra->version = NFNETLINK_V0;
  extra->res_id = 0;
}

void NftMessage::put_u32(std::uint16_t attribute, std::uint32_t value) {
  must_fit(mnl_attr_put_u32_check(raw(), kSize, attribute, htonl(value)));
}

void NftMessage::put_text(std::uint16_t attribute, const std::string& value) {
  must_fit(mnl_attr_put_check(raw(), kSize, attribute, value.size() + 1, value.c_str()));
}

void NftMessage::put_bytes(std::uint16_t attribute, std::span<const std::uint8_t> value) {
  must_fit(mnl_attr_put_check(raw(), kSize, attribute, value.size(), value.data()));
}

NftMessage::Nest::Nest(NftMessage& message, std::uint16_t attribute)
    : header_(message.raw()), start_(mnl_attr_nest_start_check(header_, kSize, attribute)) {
  must_fit(start_ != nullptr);
}

NftMessage::Nest::~Nest() { mnl_attr_nest_end(header_, start_); }

nlmsghdr* NftMessage::raw() const { return reinterpret_cast<nlmsghdr*>(buffer_.get()); }

std::span<const std::byte> NftMessage::bytes() const { return {buffer_.get(), MNL_ALIGN(raw()->nlmsg_len)}; }

std::optional<std::span<const std::uint8_t>> NftAttributes::bytes(int attribute) const {
  std::optional<std::span<const std::uint8_t>> found;
  walk(bytes_, [&](const nlattr* at) {
    if (mnl_attr_get_type(at) != attribute) return false;
    auto value = payload(at);
    found.emplace(reinterpret_cast<const std::uint8_t*>(value.data()), value.size());
    return true;
  });
  return found;
}

std::optional<std::uint32_t> NftAttributes::u32(int attribute) const {
  auto found = bytes(attribute);
  std::uint32_t value = 0;
  if (!found || found->size() != sizeof value) return std::nullopt;
  std::memcpy(&value, found->data(), sizeof value);
  return ntohl(value);
}

std::optional<std::string_view> NftAttributes::text(int attribute) const {
  auto found = bytes(attribute);
  if (!found) return std::nullopt;
  auto* start = reinterpret_cast<const char*>(found->data());
  return std::string_view(start, strnlen(start, found->size()));
}

std::optional<NftAttributes> NftAttributes::nest(int attribute) const {
  auto found = bytes(attribute);
  if (!found) return std::nullopt;
  return NftAttributes(std::as_bytes(*found));
}

std::vector<NftAttributes> NftAttributes::list() const {
  std::vector<NftAttributes> all;
  walk(bytes_, [&](const nlattr* at) {
    all.emplace_back(payload(at));
    return false;
  });
  return all;
}

std::uint8_t NftReply::family() const {
  if (bytes_.size() < MNL_NLMSG_HDRLEN + sizeof(nfgenmsg)) return 0;
  return reinterpret_cast<const nfgenmsg*>(bytes_.data() + MNL_NLMSG_HDRLEN)->nfgen_family;
}

NftAttributes NftReply::attributes() const {
  constexpr std::size_t kBefore = MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(nfgenmsg));
  return NftAttributes(bytes_.subspan(std::min(kBefore, bytes_.size())));
}

}  // namespace isthmus
