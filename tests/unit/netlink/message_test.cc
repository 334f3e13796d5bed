#include "netlink/message.h"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "netlink/kernel_socket.h"

namespace isthmus {
namespace {

Message sample() {
  Message message(RTM_NEWLINK, NLM_F_CREATE);
  ifinfomsg header{};
  header.ifi_index = 7;
  message.header(header);
  message.put_text(IFLA_IFNAME, "eth0");
  message.put_u32(IFLA_MTU, 1400);
  message.put_u8(IFLA_OPERSTATE, 6);
  message.put_u16(40, 515);
  message.put_flag(41);
  {
    Message::Nest info(message, IFLA_LINKINFO);
    message.put_text(IFLA_INFO_KIND, "veth");
    Message::Nest data(message, IFLA_INFO_DATA);
    message.put_u32(1, 99);
  }
  return message;
}

// The bytes in a block of exactly their size, so that the sanitizer sees any read beyond.
struct Exact {
  explicit Exact(std::span<const std::byte> from) : bytes(new std::byte[from.size()]), size(from.size()) {
    std::ranges::copy(from, bytes.get());
  }
  std::unique_ptr<std::byte[]> bytes;
  std::size_t size;
};

std::span<const std::byte> bytes_of(Message& message) {
  return {reinterpret_cast<const std::byte*>(message.raw()), message.raw()->nlmsg_len};
}

// Touches every byte that any getter gives.
std::size_t read_all(const Attributes& attributes, int depth = 0) {
  std::size_t sum = 0;
  for (int type = 0; type < 64; ++type) {
    if (auto bytes = attributes.bytes(type)) {
      for (auto byte : *bytes)
        sum += byte;
    }
    sum += attributes.u8(type).value_or(0) + attributes.u16(type).value_or(0) + attributes.u32(type).value_or(0);
    sum += attributes.text(type).value_or("").size();
    if (depth < 3) {
      if (auto nest = attributes.nest(type)) sum += read_all(*nest, depth + 1);
    }
  }
  return sum;
}

std::size_t read_datagram(std::span<const std::byte> datagram) {
  std::size_t sum = 0;
  MessageReader reader(datagram);
  while (const nlmsghdr* message = reader.next()) {
    Reply reply(message);
    sum += reply.type() + read_all(reply.attributes<ifinfomsg>()) + reply.header<ifinfomsg>().has_value();
    sum += static_cast<std::size_t>(read_verdict(message).err) + read_verdict(message).detail.size();
  }
  return sum;
}

TEST(Message, ReadsBackWhatWasPut) {
  Message message = sample();
  Reply reply(message.raw());
  EXPECT_EQ(reply.type(), RTM_NEWLINK);
  EXPECT_EQ(message.raw()->nlmsg_flags, NLM_F_REQUEST | NLM_F_CREATE);
  EXPECT_EQ(reply.header<ifinfomsg>()->ifi_index, 7);
  Attributes attributes = reply.attributes<ifinfomsg>();
  EXPECT_EQ(attributes.text(IFLA_IFNAME), "eth0");
  EXPECT_EQ(attributes.u32(IFLA_MTU), 1400u);
  EXPECT_EQ(attributes.u8(IFLA_OPERSTATE), 6);
  EXPECT_EQ(attributes.u16(40), 515);
  EXPECT_TRUE(attributes.bytes(41) && attributes.bytes(41)->empty());
  auto info = attributes.nest(IFLA_LINKINFO);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->text(IFLA_INFO_KIND), "veth");
  EXPECT_EQ(info->nest(IFLA_INFO_DATA)->u32(1), 99u);
}

TEST(Attributes, NumbersOfAnotherSizeAreAbsent) {
  Message message = sample();
  Attributes attributes = Reply(message.raw()).attributes<ifinfomsg>();
  EXPECT_EQ(attributes.u8(IFLA_MTU), std::nullopt);
  EXPECT_EQ(attributes.u16(IFLA_MTU), std::nullopt);
  EXPECT_EQ(attributes.u32(IFLA_OPERSTATE), std::nullopt);
  EXPECT_EQ(attributes.u32(IFLA_MASTER), std::nullopt);
}

TEST(Attributes, TheLastOfATypeCounts) {
  Message message(RTM_NEWLINK, 0);
  message.header(ifinfomsg{});
  message.put_u32(IFLA_MTU, 1);
  message.put_u32(IFLA_MTU, 2);
  EXPECT_EQ(Reply(message.raw()).attributes<ifinfomsg>().u32(IFLA_MTU), 2u);
}

TEST(Attributes, EveryTruncationIsRead) {
  Message message = sample();
  auto whole = bytes_of(message);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    Exact part(whole.first(size));
    read_datagram({part.bytes.get(), part.size});  // the header still claims the whole
    if (size >= sizeof(nlmsghdr)) {
      auto length = static_cast<std::uint32_t>(size);
      std::memcpy(part.bytes.get(), &length, sizeof length);
      read_datagram({part.bytes.get(), part.size});
    }
  }
}

TEST(Attributes, EveryDamagedByteIsRead) {
  Message message = sample();
  auto whole = bytes_of(message);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int value : {0, 1, 3, 4, 5, 0x7f, 0x80, 0xff}) {
      Exact damaged(whole);
      damaged.bytes[at] = static_cast<std::byte>(value);
      read_datagram({damaged.bytes.get(), damaged.size});
    }
  }
}

TEST(Attributes, RandomBytesAreRead) {
  std::mt19937 random(20240607);
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::byte> noise(random() % 200);
    for (auto& byte : noise)
      byte = static_cast<std::byte>(random() % 3 == 0 ? random() : random() % 8);
    Exact exact(noise);
    read_datagram({exact.bytes.get(), exact.size});
    read_all(Attributes(exact.bytes.get(), exact.size));
  }
}

TEST(MessageReader, WalksAndStopsAtWhatIsMalformed) {
  Message first = sample();
  Message second = sample();
  std::vector<std::byte> datagram(bytes_of(first).begin(), bytes_of(first).end());
  datagram.insert(datagram.end(), bytes_of(second).begin(), bytes_of(second).end());
  auto count = [](std::span<const std::byte> bytes) {
    int found = 0;
    for (MessageReader reader(bytes); reader.next() != nullptr;)
      ++found;
    return found;
  };
  EXPECT_EQ(count(datagram), 2);
  EXPECT_EQ(count(std::span(datagram).first(datagram.size() - 1)), 1);
  std::uint32_t too_short = 15;
  std::memcpy(datagram.data() + bytes_of(first).size(), &too_short, sizeof too_short);
  EXPECT_EQ(count(datagram), 1);
  EXPECT_EQ(count({}), 0);
}

TEST(Verdict, FindsTheKernelsTextBehindARepeatedRequest) {
  for (bool capped : {true, false}) {
    Message message(NLMSG_ERROR, 0);
    nlmsgerr body{};
    body.error = -EEXIST;
    body.msg.nlmsg_len = NLMSG_HDRLEN + 6;  // payload of odd size, padded to 8
    message.header(body);
    if (!capped) message.header(std::array<char, 6>{});
    message.put_text(NLMSGERR_ATTR_MSG, "the kernel's words");
    message.raw()->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_ACK_TLVS | (capped ? NLM_F_CAPPED : 0));
    Verdict verdict = read_verdict(message.raw());
    EXPECT_EQ(verdict.err, EEXIST);
    EXPECT_EQ(verdict.detail, "the kernel's words");
  }
}

}  // namespace
}  // namespace isthmus
