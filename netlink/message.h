// One rtnetlink message being built, and bounded views over received ones. Wraps libnl-3's nl_msg and nlattr functions;
// libnl headers appear in .cc files only.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct nl_msg;
struct nlattr;
struct nlmsghdr;

namespace isthmus {

class Message {
 public:
  // `type` is RTM_*; `flags` are NLM_F_* without NLM_F_REQUEST, which is always set. NLM_F_ACK is the socket's
  // business.
  Message(std::uint16_t type, std::uint16_t flags);
  Message(Message&&) noexcept;
  Message& operator=(Message&&) noexcept;
  ~Message();

  // The family header (struct ifinfomsg, ifaddrmsg, rtmsg, ndmsg ...), once, before any attribute; and once more as
  // the first thing in a nest that has a header of its own (VETH_INFO_PEER).
  template <class Header>
  void header(const Header& value) {
    header_bytes(&value, sizeof value);
  }
  void put_u8(int attribute, std::uint8_t value);
  void put_u16(int attribute, std::uint16_t value);
  void put_u32(int attribute, std::uint32_t value);
  void put_text(int attribute, std::string_view value);  // with the final NUL
  void put_bytes(int attribute, std::span<const std::uint8_t> value);
  void put_flag(int attribute);

  // Attributes put between open and close belong to the nest. Nests close in reverse order, and before the message is
  // moved: a function that returns its message opens none of its own.
  class Nest {
   public:
    Nest(Message& message, int attribute);
    ~Nest();
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;

   private:
    Message& message_;
    void* start_;
  };

  // For RouteConversation only: the finished bytes, header included, valid while this object lives.
  nlmsghdr* raw();

 private:
  friend class Nest;
  void header_bytes(const void* bytes, std::size_t size);
  nl_msg* message_;
};

// The attributes of a received message or of one nest in it. Nothing is read outside the received bytes.
class Attributes {
 public:
  // `start` points at the first attribute.
  Attributes(const void* start, std::size_t size);
  // The last attribute of that type, as bytes; nullopt when absent. A number of another size than asked is absent.
  std::optional<std::span<const std::uint8_t>> bytes(int attribute) const;
  std::optional<std::uint8_t> u8(int attribute) const;
  std::optional<std::uint16_t> u16(int attribute) const;
  std::optional<std::uint32_t> u32(int attribute) const;
  std::optional<std::string> text(int attribute) const;
  std::optional<Attributes> nest(int attribute) const;
  // Every attribute of that type, in order.
  std::vector<std::span<const std::uint8_t>> all(int attribute) const;

 private:
  const void* start_;
  std::size_t size_;
  // The last one of each type that links, addresses and routes have; of a higher type bytes() looks for it.
  std::array<nlattr*, 72> last_;
};

// One received message.
class Reply {
 public:
  explicit Reply(const nlmsghdr* message) : message_(message) {}
  std::uint16_t type() const;
  // A copy of the family header; nullopt when the message is shorter than that.
  template <class Header>
  std::optional<Header> header() const {
    Header value;
    if (!copy_header(&value, sizeof value)) return std::nullopt;
    return value;
  }
  // The attributes behind a family header of that size.
  template <class Header>
  Attributes attributes() const {
    return attributes_after(sizeof(Header));
  }

 private:
  bool copy_header(void* to, std::size_t size) const;
  Attributes attributes_after(std::size_t header_size) const;
  const nlmsghdr* message_;
};

}  // namespace isthmus
