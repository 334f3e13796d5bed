// Netlink by hand, for the floor.
#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace isthmus::bench {

[[noreturn]] void fail(const char* what);

// Messages behind each other, to be sent as one datagram.
class Buffer {
 public:
  template <class Header>
  void begin(int type, int flags, const Header& header) {
    start_ = size_;
    nlmsghdr own{};
    own.nlmsg_type = static_cast<std::uint16_t>(type);
    own.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    own.nlmsg_seq = ++messages_;
    append(own);
    append(header);
  }
  template <class Object>
  void append(const Object& object) {
    std::memcpy(bytes_ + size_, &object, sizeof object);
    grow(sizeof object);
  }
  void bytes(int type, const void* value, std::size_t size) {
    append(nlattr{static_cast<std::uint16_t>(sizeof(nlattr) + size), static_cast<std::uint16_t>(type)});
    std::memcpy(bytes_ + size_, value, size);
    grow(size);
  }
  void text(int type, const char* value) { bytes(type, value, std::strlen(value) + 1); }
  void number(int type, std::uint32_t value) { bytes(type, &value, sizeof value); }
  std::size_t open(int type) {
    std::size_t at = size_;
    append(nlattr{0, static_cast<std::uint16_t>(type | NLA_F_NESTED)});
    return at;
  }
  void close(std::size_t nest) {
    auto length = static_cast<std::uint16_t>(size_ - nest);
    std::memcpy(bytes_ + nest, &length, sizeof length);
  }
  const std::byte* data() const { return bytes_; }
  std::size_t size() const { return size_; }
  std::uint32_t last() const { return messages_; }

 private:
  void grow(std::size_t size) {
    size_ += NLMSG_ALIGN(size);
    auto length = static_cast<std::uint32_t>(size_ - start_);
    std::memcpy(bytes_ + start_, &length, sizeof length);
  }

  std::byte bytes_[4096] = {};
  std::size_t size_ = 0;
  std::size_t start_ = 0;
  std::uint32_t messages_ = 0;
};

int open_netlink(int protocol, unsigned groups);
// Sends it, and reads until the last message has its verdict. Ends the program at the first error that does
// not say that there is no such thing; at that one too, if it `must_be_there`.
void carry_out(int socket, const Buffer& buffer, bool must_be_there = false);
// Until RTM_DELLINK is announced; a child waits for the rest. `before` is sent in the same datagram.
void delete_link(int index, Buffer before);

}  // namespace isthmus::bench
