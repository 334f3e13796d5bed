#include "plugin/cni/ranges.h"

#include <gtest/gtest.h>

namespace isthmus {
namespace {

IpRange range(const IpRangeText& text) {
  auto made = make_range(text);
  EXPECT_TRUE(made) << made.error().text();
  return *made;
}

IpRange range_of(const std::string& subnet, const std::string& start, const std::string& end) {
  return range({subnet, start, end, {}, {}});
}

void expect_refused(const IpRangeText& text, const std::string& part) {
  auto made = make_range(text);
  ASSERT_FALSE(made) << text.subnet;
  EXPECT_EQ(made.error().word, "bad-range");
  EXPECT_NE(made.error().text().find(part), std::string::npos) << made.error().text();
}

IpAddress ip(const char* text) { return *IpAddress::parse(text); }

TEST(Ranges, DefaultsAreHostLocals) {
  IpRange v4 = range({"10.1.2.0/24", {}, {}, {}, {}});
  EXPECT_EQ(v4.first.text(), "10.1.2.1");
  EXPECT_EQ(v4.last.text(), "10.1.2.254");
  EXPECT_EQ(v4.gateway.text(), "10.1.2.1");
  IpRange v6 = range({"fd00::/64", {}, {}, {}, {}});
  EXPECT_EQ(v6.first.text(), "fd00::1");
  EXPECT_EQ(v6.last.text(), "fd00::ffff:ffff:ffff:ffff");
  EXPECT_EQ(v6.gateway.text(), "fd00::1");
  IpRange smallest = range({"10.0.0.0/30", {}, {}, {}, {}});
  EXPECT_EQ(smallest.last.text(), "10.0.0.2");
}

TEST(Ranges, WhatIsGivenIsKept) {
  IpRange made = range({"10.1.0.0/16", "10.1.2.10", "10.1.2.20", "169.254.1.1", {"10.1.2.12", "10.1.2.17/30"}});
  EXPECT_EQ(made.first.text(), "10.1.2.10");
  EXPECT_EQ(made.last.text(), "10.1.2.20");
  EXPECT_EQ(made.gateway.text(), "169.254.1.1");
  EXPECT_EQ(made.exclude, (std::vector{*Prefix::parse("10.1.2.12/32"), *Prefix::parse("10.1.2.16/30")}));
  EXPECT_EQ(range({"10.1.2.0/24", "::ffff:10.1.2.9", {}, {}, {}}).first.text(), "10.1.2.9");
}

TEST(Ranges, AllowsNeitherGatewayNorExcludedNorOutside) {
  IpRange made = range({"10.1.2.0/24", "10.1.2.1", "10.1.2.20", {}, {"10.1.2.16/30"}});
  for (const char* yes : {"10.1.2.2", "10.1.2.15", "10.1.2.20"})
    EXPECT_TRUE(made.allows(ip(yes))) << yes;
  for (const char* no : {"10.1.2.0", "10.1.2.1", "10.1.2.16", "10.1.2.19", "10.1.2.21", "10.1.3.2", "fd00::1"})
    EXPECT_FALSE(made.allows(ip(no))) << no;
}

TEST(Ranges, S07_RefusalsNameKeyAndValue) {
  expect_refused({}, "'subnet' is missing");
  expect_refused({"10.1.2.0", {}, {}, {}, {}}, "'subnet' = '10.1.2.0'");
  expect_refused({"10.1.2.5/24", {}, {}, {}, {}}, "has host bits set, the network is 10.1.2.0/24 [bad-range]");
  for (const char* tiny : {"10.0.0.0/31", "10.0.0.0/32", "fd00::/127", "fd00::/128"})
    expect_refused({tiny, {}, {}, {}, {}}, "too small");
  expect_refused({"10.1.2.0/24", "10.1.3.1", {}, {}, {}}, "'rangeStart' = '10.1.3.1' is outside");
  expect_refused({"10.1.2.0/24", {}, "10.1.3.1", {}, {}}, "'rangeEnd' = '10.1.3.1' is outside");
  expect_refused({"10.1.2.0/24", "10.1.2.9", "10.1.2.8", {}, {}}, "end 10.1.2.8 is before its start 10.1.2.9");
  expect_refused({"10.1.2.0/24", "fd00::1", {}, {}, {}}, "other address family");
  expect_refused({"10.1.2.0/24", {}, {}, "fd00::1", {}}, "'gateway' = 'fd00::1' is of the other");
  expect_refused({"10.1.2.0/24", {}, {}, "10.1.2.999", {}}, "'gateway' = '10.1.2.999'");
  expect_refused({"10.1.2.0/24", "10.1.2.1", "10.1.2.1", {}, {}}, "only address");
  expect_refused({"10.1.2.0/24", {}, {}, {}, {"10.9.0.0/24"}}, "'exclude' = '10.9.0.0/24' is outside");
  expect_refused({"10.1.2.0/24", {}, {}, {}, {"junk"}}, "'exclude' = 'junk'");
  expect_refused({"10.1.2.0/24", "010.1.2.4", {}, {}, {}}, "'rangeStart' = '010.1.2.4'");
}

TEST(Ranges, SetsAreOfOneFamilyAndApart) {
  IpRange low = range_of("10.1.0.0/16", "10.1.0.1", "10.1.0.100");
  IpRange high = range_of("10.1.0.0/16", "10.1.0.101", "10.1.0.200");
  IpRange across = range_of("10.1.0.0/16", "10.1.0.50", "10.1.0.150");
  IpRange six = range({"fd00::/64", {}, {}, {}, {}});
  EXPECT_TRUE(check_sets({}));
  EXPECT_TRUE(check_sets({{low, high}, {six}}));
  EXPECT_TRUE(check_sets({{low}, {high}, {six}}));
  auto refused = [](const std::vector<RangeSet>& sets) {
    auto checked = check_sets(sets);
    EXPECT_FALSE(checked);
    return checked ? std::string() : checked.error().text();
  };
  EXPECT_NE(refused({{}}).find("has no range"), std::string::npos);
  EXPECT_NE(refused({{low, six}}).find("mixes IPv4 and IPv6"), std::string::npos);
  EXPECT_NE(refused({{low, across}}).find("10.1.0.1 to 10.1.0.100 overlaps"), std::string::npos);
  EXPECT_NE(refused({{low}, {six}, {across}}).find("overlaps"), std::string::npos);
}

}  // namespace
}  // namespace isthmus
