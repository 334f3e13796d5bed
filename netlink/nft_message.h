// One nf_tables message being built, and bounded views over received ones. Wraps libmnl; its header appears in .cc
// files only. Numbers of nf_tables are big-endian on the wire. (linux/netfilter/nf_tables.h) Private to netlink/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct nlattr;
struct nlmsghdr;

namespace isthmus {

class NftMessage {
 public:
  // `type` is NFT_MSG_*, `family` NFPROTO_*; `flags` are NLM_F_* without NLM_F_REQUEST, which is always set. NLM_F_ACK
  // is the socket's business.
  NftMessage(int type, std::uint8_t family, std::uint16_t flags);

  void put_u32(std::uint16_t attribute, std::uint32_t value);
  void put_text(std::uint16_t attribute, const std::string& value);  // with the final NUL
  void put_bytes(std::uint16_t attribute, std::span<const std::uint8_t> value);

  // Attributes put between open and close belong to the nest. Nests close in reverse order; the message may move
  // meanwhile.
  class Nest {
   public:
    Nest(NftMessage& message, std::uint16_t attribute);
    ~Nest();
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;

   private:
    nlmsghdr* header_;
    nlattr* start_;
  };

  // The finished bytes, header included, valid while this object lives.
  nlmsghdr* raw() const;
  std::span<const std::byte> bytes() const;

 private:
  // Ours stay below half of it: a rule takes 750 bytes, and lists of elements are cut to fit.
  static constexpr std::size_t kSize = 2048;
  std::unique_ptr<std::byte[]> buffer_;
};

// The attributes of a received message or of one nest in it. Nothing is read outside the received bytes.
class NftAttributes {
 public:
  explicit NftAttributes(std::span<const std::byte> bytes) : bytes_(bytes) {}
  // The first attribute of that type; nullopt when absent. A number of another size than asked is absent.
  std::optional<std::span<const std::uint8_t>> bytes(int attribute) const;
  std::optional<std::uint32_t> u32(int attribute) const;
  std::optional<std::string_view> text(int attribute) const;  // up to the first NUL
  std::optional<NftAttributes> nest(int attribute) const;
  // Every attribute in order, each taken as a nest: NFTA_LIST_ELEM.
  std::vector<NftAttributes> list() const;

 private:
  std::span<const std::byte> bytes_;
};

// One received message; `bytes` is a whole one, header included.
class NftReply {
 public:
  explicit NftReply(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::uint8_t family() const;
  NftAttributes attributes() const;

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace isthmus
