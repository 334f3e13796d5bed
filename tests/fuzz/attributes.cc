// A netlink message's attributes, of rtnetlink and of nf_tables: views that stay within the bytes received.
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "netlink/kernel_socket.h"
#include "netlink/message.h"
#include "netlink/nft_message.h"
#include "tests/fuzz/fuzz.h"

namespace isthmus::fuzz {
namespace {

constexpr int kDepth = 3;
constexpr int kTypes = 64;

// An empty view may point to the end.
void require_within(std::span<const std::uint8_t> inner, Bytes outer) {
  require(std::less_equal<>()(outer.data(), inner.data()) &&
              std::less_equal<>()(inner.data() + inner.size(), outer.data() + outer.size()),
          "an attribute lies within the message");
}

template <class Attributes_>
void require_bounded(const Attributes_& attributes, Bytes message, int depth = 0) {
  for (int type = 0; type < kTypes; ++type) {
    auto bytes = attributes.bytes(type);
    auto text = attributes.text(type);
    require(bytes.has_value() == text.has_value(), "both readers see the same attribute");
    if (!bytes) continue;
    require_within(*bytes, message);
    require(text->size() <= bytes->size() && text->find('\0') == text->npos, "a text ends at NUL or at the end");
    require(attributes.u32(type).has_value() == (bytes->size() == 4), "a number has its own size");
    if (depth < kDepth) require_bounded(*attributes.nest(type), message, depth + 1);
  }
}

}  // namespace

int fuzz_attributes(Bytes input) {
  // A block of exactly this size, aligned as a receive buffer is.
  auto block = std::make_unique<std::uint8_t[]>(input.size());
  std::ranges::copy(input, block.get());
  Bytes bytes(block.get(), input.size());
  require_bounded(Attributes(bytes.data(), bytes.size()), bytes);
  require_bounded(NftAttributes(std::as_bytes(bytes)), bytes);
  for (const NftAttributes& element : NftAttributes(std::as_bytes(bytes)).list())
    require_bounded(element, bytes, kDepth);

  MessageReader reader(std::as_bytes(bytes));
  while (const nlmsghdr* message = reader.next()) {
    Bytes whole(reinterpret_cast<const std::uint8_t*>(message), message->nlmsg_len);
    require_within(whole, bytes);
    require_bounded(Reply(message).attributes<ifinfomsg>(), whole);
    require_bounded(NftReply(std::as_bytes(whole)).attributes(), whole);
    if (auto header = Reply(message).header<rtmsg>())
      require(whole.size() >= sizeof(nlmsghdr) + sizeof *header, "whole");
    Verdict verdict = read_verdict(message);
    require(verdict.err >= 0 && verdict.err <= 4095, "a verdict is 0 or an errno", std::to_string(verdict.err));
    require(verdict.detail.size() <= whole.size(), "the kernel's text is in its message");
  }
  return 0;
}

}  // namespace isthmus::fuzz
