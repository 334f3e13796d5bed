#include "netlink/message.h"

#include <netlink/attr.h>
#include <netlink/msg.h>

#include <new>
#include <stdexcept>
#include <utility>

namespace isthmus {
namespace {

// The largest message of this folder (a veth with everything, or an alias of 255 bytes) takes less than half.
constexpr std::size_t kMessageSize = 1024;

// A message that does not fit would lose an attribute silently; sizes are bounded by types, so this is a bug.
void must_fit(int libnl_result) {
  if (libnl_result < 0) throw std::length_error("netlink message: attribute does not fit");
}

}  // namespace

Message::Message(std::uint16_t type, std::uint16_t flags) : message_(nlmsg_alloc_size(kMessageSize)) {
  if (message_ == nullptr) throw std::bad_alloc();
  nlmsghdr* header = nlmsg_hdr(message_);
  header->nlmsg_type = type;
  header->nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
}

Message::Message(Message&& other) noexcept : message_(std::exchange(other.message_, nullptr)) {}

Message& Message::operator=(Message&& other) noexcept {
  std::swap(message_, other.message_);
  return *this;
}

Message::~Message() {
  if (message_ != nullptr) nlmsg_free(message_);
}

void Message::header_bytes(const void* bytes, std::size_t size) {
  must_fit(nlmsg_append(message_, const_cast<void*>(bytes), size, NLMSG_ALIGNTO));
}

void Message::put_u8(int attribute, std::uint8_t value) { must_fit(nla_put_u8(message_, attribute, value)); }

void Message::put_u16(int attribute, std::uint16_t value) { must_fit(nla_put_u16(message_, attribute, value)); }

void Message::put_u32(int attribute, std::uint32_t value) { must_fit(nla_put_u32(message_, attribute, value)); }

void Message::put_text(int attribute, std::string_view value) {
  std::string terminated(value);
  must_fit(nla_put(message_, attribute, static_cast<int>(terminated.size() + 1), terminated.c_str()));
}

void Message::put_bytes(int attribute, std::span<const std::uint8_t> value) {
  must_fit(nla_put(message_, attribute, static_cast<int>(value.size()), value.data()));
}

void Message::put_flag(int attribute) { must_fit(nla_put_flag(message_, attribute)); }

Message::Nest::Nest(Message& message, int attribute)
    : message_(message), start_(nla_nest_start(message.message_, attribute)) {
  if (start_ == nullptr) must_fit(-1);
}

Message::Nest::~Nest() { nla_nest_end(message_.message_, static_cast<nlattr*>(start_)); }

nlmsghdr* Message::raw() { return nlmsg_hdr(message_); }

}  // namespace isthmus
