#include <gtest/gtest.h>

#include "netlink/ip.h"
#include "netlink/route.h"

namespace isthmus {
namespace {

Prefix prefix(std::string_view text) {
  auto parsed = Prefix::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : Prefix::everything(Family::v4);
}

TEST(Prefix, KeepsHostBits) {
  EXPECT_EQ(prefix("10.1.2.3/24").text(), "10.1.2.3/24");
  EXPECT_EQ(prefix("10.1.2.3/24").network().text(), "10.1.2.0/24");
  EXPECT_EQ(prefix("fd00::1:2/64").network().text(), "fd00::/64");
  EXPECT_NE(prefix("10.1.2.3/24"), prefix("10.1.2.0/24"));
}

TEST(Prefix, Refuses) {
  for (const char* text : {"", "/", "10.1.2.3", "10.1.2.3/", "/24", "10.1.2.3/33", "fd00::/129", "10.1.2.3/-1",
                           "10.1.2.3/+8", "10.1.2.3/08", "10.1.2.3/ 8", "10.1.2.3/8 ", "10.1.2.3/8/8", "10.1.2.3/a",
                           "10.1.2.3/4294967320", "10.1.2/8", "10.1.2.3/255.0.0.0", "::ffff:10.0.0.1/95"}) {
    auto parsed = Prefix::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().word, "bad-prefix");
  }
  EXPECT_FALSE(Prefix::from(IpAddress::any(Family::v4), 33));
  EXPECT_EQ(Prefix::from(IpAddress::any(Family::v4), 33).error().word, "bad-prefix");
}

TEST(Prefix, MappedLengthCountsFromTheV4Part) {
  EXPECT_EQ(prefix("::ffff:10.1.2.3/120"), prefix("10.1.2.3/24"));
  EXPECT_TRUE(prefix("::ffff:10.1.2.3/96").is_default());
  EXPECT_FALSE(Prefix::parse("::ffff:10.1.2.3/24"));
}

TEST(Prefix, FirstAndLastForEveryLength) {
  for (auto text : {"10.170.85.204", "fd00:aaaa:5555:cccc:3333:f0f0:0f0f:1234"}) {
    IpAddress address = *IpAddress::parse(text);
    for (unsigned length = 0; length <= address.bits(); ++length) {
      Prefix p = *Prefix::from(address, length);
      EXPECT_TRUE(p.contains(address) && p.contains(p.first()) && p.contains(p.last())) << p.text();
      auto below = p.first().previous();
      auto above = p.last().next();
      EXPECT_FALSE(below && p.contains(*below)) << p.text();
      EXPECT_FALSE(above && p.contains(*above)) << p.text();
      EXPECT_EQ(p.first() == p.last(), length == address.bits());
      EXPECT_EQ(p.network().address(), p.first());
    }
  }
  EXPECT_EQ(prefix("10.1.2.3/23").first().text(), "10.1.2.0");
  EXPECT_EQ(prefix("10.1.2.3/23").last().text(), "10.1.3.255");
}

TEST(Prefix, OverlapsIsSymmetricAndFollowsContainment) {
  struct Case {
    const char* a;
    const char* b;
    bool overlap;
  };
  for (Case c : {Case{"10.0.0.0/8", "10.1.0.0/16", true}, Case{"10.0.0.0/24", "10.0.1.0/24", false},
                 Case{"10.0.0.0/23", "10.0.1.0/24", true}, Case{"0.0.0.0/0", "10.0.1.5/32", true},
                 Case{"0.0.0.0/0", "::/0", false}, Case{"fd00::/64", "fd00:0:0:1::/64", false},
                 Case{"10.0.0.7/24", "10.0.0.200/25", true}, Case{"10.0.0.1/32", "10.0.0.1/32", true}}) {
    EXPECT_EQ(prefix(c.a).overlaps(prefix(c.b)), c.overlap) << c.a << " " << c.b;
    EXPECT_EQ(prefix(c.b).overlaps(prefix(c.a)), c.overlap) << c.b << " " << c.a;
  }
}

TEST(Prefix, HostAndEverything) {
  EXPECT_EQ(Prefix::host(*IpAddress::parse("10.1.2.3")).text(), "10.1.2.3/32");
  EXPECT_EQ(Prefix::host(*IpAddress::parse("fd00::1")).text(), "fd00::1/128");
  EXPECT_EQ(Prefix::everything(Family::v4).text(), "0.0.0.0/0");
  EXPECT_EQ(Prefix::everything(Family::v6).text(), "::/0");
}

TEST(Route, DescribesItself) {
  RouteSpec spec{prefix("10.9.8.7/8"), *IpAddress::parse("10.1.0.1")};
  spec.onlink = true;
  spec.table = 1000;
  spec.mtu = 1400;
  EXPECT_EQ(describe(spec), "10.0.0.0/8 via 10.1.0.1 onlink table 1000 mtu 1400");
}

}  // namespace
}  // namespace isthmus
