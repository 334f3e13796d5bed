#include "plugin/ipam/set_walk.h"

#include "tests/unit/ipam/ipam_testing.h"

namespace isthmus {
namespace {

using test::ip;
using test::range;
using test::set_of;

std::string walked(const RangeSet& set, const std::optional<IpAddress>& after, std::size_t most = 100) {
  SetWalk walk(set, after);
  std::string out;
  for (std::size_t i = 0; i < most; ++i) {
    auto address = walk.next();
    if (!address) return out;
    out += (out.empty() ? "" : " ") + address->text();
  }
  return out + " ...";
}

TEST(SetWalk, NetworkGatewayAndBroadcastAreNeverHandedOut) {
  EXPECT_EQ(walked(set_of("10.1.0.0/29"), std::nullopt), "10.1.0.2 10.1.0.3 10.1.0.4 10.1.0.5 10.1.0.6");
  EXPECT_EQ(walked({range({"10.1.0.0/29", "", "", "10.1.0.4", {}})}, std::nullopt),
            "10.1.0.1 10.1.0.2 10.1.0.3 10.1.0.5 10.1.0.6");
}

TEST(SetWalk, EachOnceFromBehindTheCursorAllTheWayRound) {
  EXPECT_EQ(walked(set_of("10.1.0.0/29"), ip("10.1.0.4")), "10.1.0.5 10.1.0.6 10.1.0.2 10.1.0.3 10.1.0.4");
  EXPECT_EQ(walked(set_of("10.1.0.0/29"), ip("10.1.0.6")), "10.1.0.2 10.1.0.3 10.1.0.4 10.1.0.5 10.1.0.6");
}

TEST(SetWalk, ACursorOfAnotherConfigurationStartsAtTheFirst) {
  EXPECT_EQ(walked(set_of("10.1.0.0/30"), ip("10.9.0.9")), "10.1.0.2");
  EXPECT_EQ(walked(set_of("10.1.0.0/30"), ip("fd00::1")), "10.1.0.2");
}

TEST(SetWalk, RangesOfASetFollowEachOther) {
  RangeSet set = {range({"10.1.0.0/24", "10.1.0.8", "10.1.0.9", "", {}}),
                  range({"10.0.0.0/24", "10.0.0.5", "10.0.0.6", "", {}})};
  EXPECT_EQ(walked(set, std::nullopt), "10.1.0.8 10.1.0.9 10.0.0.5 10.0.0.6");
  EXPECT_EQ(walked(set, ip("10.0.0.5")), "10.0.0.6 10.1.0.8 10.1.0.9 10.0.0.5");
}

TEST(SetWalk, ExcludedBlocksAreOneStepHoweverLarge) {
  EXPECT_EQ(walked(set_of("10.1.0.0/28", {"10.1.0.0/29", "10.1.0.9/32", "10.1.0.12/30"}), std::nullopt),
            "10.1.0.8 10.1.0.10 10.1.0.11");
  // Half of a /64: counting through it would take centuries.
  EXPECT_EQ(walked(set_of("fd00::/64", {"fd00::/65"}), std::nullopt, 2), "fd00::8000:0:0:0 fd00::8000:0:0:1 ...");
}

TEST(SetWalk, EverythingExcludedIsNothing) {
  EXPECT_EQ(walked(set_of("10.1.0.0/24", {"10.1.0.0/24"}), std::nullopt), "");
}

TEST(SetWalk, TheEndOfTheNumberLineIsAnEnd) {
  RangeSet set = {range({"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0/124", "", "", "", {}})};
  SetWalk walk(set, ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
  std::size_t count = 0;
  while (walk.next())
    ++count;
  EXPECT_EQ(count, 14U);  // without the first address and the gateway
}

}  // namespace
}  // namespace isthmus
