#include "netlink/forwarding.h"

#include <unistd.h>

#include "tests/netns/netlink/two_sides.h"

namespace isthmus {
namespace {

class Forwarding : public test::TwoSides {};

TEST_F(Forwarding, IsWhatTheSettingSays) {
  for (const char* value : {"1", "0", "1"}) {
    test::shell(std::string("echo ") + value + " >/proc/sys/net/ipv4/ip_forward");
    auto forwarding = forwards(*host_, Family::v4);
    ASSERT_TRUE(forwarding) << forwarding.error().text();
    EXPECT_EQ(*forwarding, *value == '1');
  }
  if (access("/proc/sys/net/ipv6", F_OK) != 0) GTEST_SKIP() << "no IPv6 here";
  for (const char* value : {"1", "0"}) {
    test::shell(std::string("echo ") + value + " >/proc/sys/net/ipv6/conf/all/forwarding");
    EXPECT_EQ(*forwards(*host_, Family::v6), *value == '1');
    EXPECT_TRUE(*forwards(*host_, Family::v4)) << "each family has its own";
  }
}

}  // namespace
}  // namespace isthmus
