#include "netlink/ip.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace isthmus {
namespace {

IpAddress ip(std::string_view text) {
  auto address = IpAddress::parse(text);
  EXPECT_TRUE(address) << text;
  return address ? *address : IpAddress::any(Family::v4);
}

TEST(IpAddress, RoundTrips) {
  for (const char* text : {"0.0.0.0", "10.1.2.3", "255.255.255.255", "::", "::1", "fd00::1", "2001:db8:1:2:3:4:5:6"}) {
    EXPECT_EQ(ip(text).text(), text);
    EXPECT_EQ(*IpAddress::from_bytes(ip(text).bytes()), ip(text));
  }
  EXPECT_EQ(ip("FD00:0:0:0:0:0:0:0001").text(), "fd00::1");
}

TEST(IpAddress, RefusesWhatPeopleReadDifferently) {
  for (std::string_view text :
       {"", "10.1.2", "10.1.2.3.4", "010.1.2.3", "10.1.2.03", "10.1.2.256", "10.1.2.3 ", " 10.1.2.3", "0x0a.1.2.3",
        "167838211", "10.1.2.3/24", "fe80::1%eth0", "1::2::3", "12345::", ":1", "::ffff:010.0.0.1", "[::1]",
        "localhost", "1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20"}) {
    auto address = IpAddress::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().word, "bad-address");
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("10.1.2.3\0", 9)));
  EXPECT_FALSE(IpAddress::parse(std::string_view("10.1.2.3\0.4", 11)));
}

TEST(IpAddress, MappedCountsAsV4) {
  EXPECT_EQ(ip("::ffff:10.1.2.3"), ip("10.1.2.3"));
  EXPECT_EQ(ip("::ffff:a01:203").family(), Family::v4);
  EXPECT_EQ(ip("::fffe:10.1.2.3").family(), Family::v6);
}

TEST(IpAddress, FamilyDecidesSizes) {
  EXPECT_EQ(ip("10.1.2.3").bytes().size(), 4u);
  EXPECT_EQ(ip("10.1.2.3").af(), AF_INET);
  EXPECT_EQ(ip("fd00::1").bytes().size(), 16u);
  EXPECT_EQ(ip("fd00::1").af(), AF_INET6);
  const std::array<std::uint8_t, 17> bytes{};
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    EXPECT_EQ(IpAddress::from_bytes(std::span(bytes).first(size)).has_value(), size == 4 || size == 16) << size;
  }
}

TEST(IpAddress, Neighbours) {
  EXPECT_EQ(*ip("10.0.0.255").next(), ip("10.0.1.0"));
  EXPECT_EQ(*ip("10.0.1.0").previous(), ip("10.0.0.255"));
  EXPECT_EQ(*ip("fd00::ffff:ffff").next(), ip("fd00::1:0:0"));
  EXPECT_EQ(*ip("fd00::1:0:0").previous(), ip("fd00::ffff:ffff"));
  EXPECT_EQ(ip("255.255.255.255").next(), std::nullopt);
  EXPECT_EQ(ip("0.0.0.0").previous(), std::nullopt);
  EXPECT_EQ(ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").next(), std::nullopt);
  EXPECT_EQ(ip("::").previous(), std::nullopt);
  IpAddress walking = ip("9.255.255.0");
  for (int i = 0; i < 1000; ++i) {
    IpAddress next = *walking.next();
    EXPECT_LT(walking, next);
    EXPECT_EQ(*next.previous(), walking);
    walking = next;
  }
}

TEST(IpAddress, OrdersByFamilyThenNumber) {
  EXPECT_LT(ip("9.0.0.0"), ip("10.0.0.0"));
  EXPECT_LT(ip("127.255.255.255"), ip("128.0.0.0"));
  EXPECT_LT(ip("255.255.255.255"), ip("::"));
}

TEST(IpAddress, Kinds) {
  EXPECT_TRUE(ip("0.0.0.0").is_any() && ip("::").is_any());
  EXPECT_FALSE(ip("0.0.0.1").is_any() || ip("::1").is_any());
  EXPECT_TRUE(ip("224.0.0.1").is_multicast() && ip("239.255.255.255").is_multicast() && ip("ff02::1").is_multicast());
  EXPECT_FALSE(ip("223.255.255.255").is_multicast() || ip("240.0.0.0").is_multicast() || ip("fe80::1").is_multicast());
}

TEST(IpAddress, LinkLocalIsModifiedEui64) {
  // The worked example of RFC 4291 appendix A, with the bit inverted.
  EXPECT_EQ(IpAddress::link_local(*MacAddress::parse("34:56:78:9a:bc:de")).text(), "fe80::3656:78ff:fe9a:bcde");
  EXPECT_EQ(IpAddress::link_local(*MacAddress::parse("02:00:00:00:00:77")).text(), "fe80::ff:fe00:77");
}

}  // namespace
}  // namespace isthmus
