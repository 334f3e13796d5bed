// The few functions of libmnl that netlink/ calls, for static binaries: Debian's libmnl-dev has no libmnl.a. Written
// from the interface in libmnl.h; tests/unit/libmnl holds each against the shared library. Linked only where a static
// binary is asked for and no libmnl.a is found.
#include <libmnl/libmnl.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace {

std::byte* tail(nlmsghdr* message) { return reinterpret_cast<std::byte*>(message) + MNL_ALIGN(message->nlmsg_len); }

// Room for an attribute of that payload size, its padding zero; nullptr when the buffer is too small.
nlattr* append_attribute(nlmsghdr* message, std::size_t buffer_size, std::size_t payload_size) {
  std::size_t size = MNL_ATTR_HDRLEN + MNL_ALIGN(payload_size);
  if (message->nlmsg_len + size > buffer_size) return nullptr;
  std::byte* start = tail(message);
  std::memset(start, 0, size);
  message->nlmsg_len += static_cast<std::uint32_t>(size);
  return reinterpret_cast<nlattr*>(start);
}

}  // namespace

extern "C" {

nlmsghdr* mnl_nlmsg_put_header(void* buffer) {
  std::memset(buffer, 0, MNL_NLMSG_HDRLEN);
  auto* message = static_cast<nlmsghdr*>(buffer);
  message->nlmsg_len = MNL_NLMSG_HDRLEN;
  return message;
}

void* mnl_nlmsg_put_extra_header(nlmsghdr* message, std::size_t size) {
  std::byte* start = tail(message);
  std::memset(start, 0, MNL_ALIGN(size));
  message->nlmsg_len += static_cast<std::uint32_t>(MNL_ALIGN(size));
  return start;
}

bool mnl_nlmsg_ok(const nlmsghdr* message, int size) {
  return size >= static_cast<int>(sizeof(nlmsghdr)) && message->nlmsg_len >= sizeof(nlmsghdr) &&
         static_cast<int>(message->nlmsg_len) <= size;
}

void* mnl_nlmsg_get_payload(const nlmsghdr* message) {
  return reinterpret_cast<std::byte*>(const_cast<nlmsghdr*>(message)) + MNL_NLMSG_HDRLEN;
}

std::size_t mnl_nlmsg_get_payload_len(const nlmsghdr* message) { return message->nlmsg_len - MNL_NLMSG_HDRLEN; }

bool mnl_attr_put_check(nlmsghdr* message,
                        std::size_t buffer_size,
                        std::uint16_t type,
                        std::size_t size,
                        const void* data) {
  nlattr* attribute = append_attribute(message, buffer_size, size);
  if (attribute == nullptr) return false;
  attribute->nla_type = type;
  attribute->nla_len = static_cast<std::uint16_t>(MNL_ATTR_HDRLEN + size);
  if (size > 0) std::memcpy(mnl_attr_get_payload(attribute), data, size);
  return true;
}

bool mnl_attr_put_u32_check(nlmsghdr* message, std::size_t buffer_size, std::uint16_t type, std::uint32_t data) {
  return mnl_attr_put_check(message, buffer_size, type, sizeof data, &data);
}

nlattr* mnl_attr_nest_start_check(nlmsghdr* message, std::size_t buffer_size, std::uint16_t type) {
  nlattr* nest = append_attribute(message, buffer_size, 0);
  if (nest != nullptr) nest->nla_type = static_cast<std::uint16_t>(NLA_F_NESTED | type);
  return nest;
}

void mnl_attr_nest_end(nlmsghdr* message, nlattr* start) {
  start->nla_len = static_cast<std::uint16_t>(tail(message) - reinterpret_cast<std::byte*>(start));
}

bool mnl_attr_ok(const nlattr* attribute, int size) {
  return size >= static_cast<int>(sizeof(nlattr)) && attribute->nla_len >= sizeof(nlattr) && attribute->nla_len <= size;
}

std::uint16_t mnl_attr_get_type(const nlattr* attribute) { return attribute->nla_type & NLA_TYPE_MASK; }

std::uint16_t mnl_attr_get_len(const nlattr* attribute) { return attribute->nla_len; }

std::uint16_t mnl_attr_get_payload_len(const nlattr* attribute) {
  return static_cast<std::uint16_t>(attribute->nla_len - MNL_ATTR_HDRLEN);
}

void* mnl_attr_get_payload(const nlattr* attribute) {
  return reinterpret_cast<std::byte*>(const_cast<nlattr*>(attribute)) + MNL_ATTR_HDRLEN;
}

}  // extern "C"
