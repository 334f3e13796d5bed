// Reading received messages: every length is checked against what was received before it is believed.
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <algorithm>
#include <cstring>

#include "netlink/message.h"

namespace isthmus {
namespace {

template <class Number>
std::optional<Number> number(const std::optional<std::span<const std::uint8_t>>& bytes) {
  if (!bytes || bytes->size() != sizeof(Number)) return std::nullopt;
  Number value;
  std::memcpy(&value, bytes->data(), sizeof value);
  return value;
}

std::span<const std::uint8_t> payload(const nlmsghdr* message) {
  return {static_cast<const std::uint8_t*>(nlmsg_data(message)), static_cast<std::size_t>(nlmsg_datalen(message))};
}

}  // namespace

Attributes::Attributes(const void* start, std::size_t size) : start_(start), size_(size) {
  // Without a policy it fails for nothing; it holds each attribute's length against what remains, as nla_ok() does.
  nla_parse(last_.data(), static_cast<int>(last_.size()) - 1, static_cast<nlattr*>(const_cast<void*>(start)),
            static_cast<int>(size), nullptr);
}

std::vector<std::span<const std::uint8_t>> Attributes::all(int attribute) const {
  std::vector<std::span<const std::uint8_t>> found;
  int remaining = static_cast<int>(size_);
  for (auto* at = static_cast<const nlattr*>(start_); nla_ok(at, remaining); at = nla_next(at, &remaining)) {
    if (nla_type(at) != attribute) continue;
    found.emplace_back(static_cast<const std::uint8_t*>(nla_data(at)), static_cast<std::size_t>(nla_len(at)));
  }
  return found;
}

std::optional<std::span<const std::uint8_t>> Attributes::bytes(int attribute) const {
  std::optional<std::span<const std::uint8_t>> found;
  if (attribute >= 0 && static_cast<std::size_t>(attribute) < last_.size()) {
    const nlattr* at = last_[static_cast<std::size_t>(attribute)];
    if (at) found.emplace(static_cast<const std::uint8_t*>(nla_data(at)), static_cast<std::size_t>(nla_len(at)));
    return found;
  }
  if (auto every = all(attribute); !every.empty()) found = every.back();
  return found;
}

std::optional<std::uint8_t> Attributes::u8(int attribute) const { return number<std::uint8_t>(bytes(attribute)); }

std::optional<std::uint16_t> Attributes::u16(int attribute) const { return number<std::uint16_t>(bytes(attribute)); }

std::optional<std::uint32_t> Attributes::u32(int attribute) const { return number<std::uint32_t>(bytes(attribute)); }

std::optional<std::string> Attributes::text(int attribute) const {
  auto found = bytes(attribute);
  if (!found) return std::nullopt;
  return std::string(found->begin(), std::ranges::find(*found, 0));
}

std::optional<Attributes> Attributes::nest(int attribute) const {
  auto found = bytes(attribute);
  if (!found) return std::nullopt;
  return Attributes(found->data(), found->size());
}

std::uint16_t Reply::type() const { return message_->nlmsg_type; }

bool Reply::copy_header(void* to, std::size_t size) const {
  auto body = payload(message_);
  if (body.size() < size) return false;
  std::memcpy(to, body.data(), size);
  return true;
}

Attributes Reply::attributes_after(std::size_t header_size) const {
  auto body = payload(message_);
  std::size_t skip = std::min(body.size(), static_cast<std::size_t>(NLMSG_ALIGN(header_size)));
  return Attributes(body.data() + skip, body.size() - skip);
}

}  // namespace isthmus
