#include "netlink/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netlink/quoted.h"

namespace isthmus {
namespace {

using ::testing::HasSubstr;

TEST(IfName, TakesWhatTheKernelTakes) {
  for (const char* good : {"eth0", "e", "a.b", "...", "fifteen-bytes-x", "-", "\xc3\xa9th0", "@", "\\"}) {
    auto name = IfName::parse(good);
    ASSERT_TRUE(name) << good << ": " << name.error().text();
    EXPECT_EQ(name->text(), good);
  }
}

TEST(IfName, RefusesWithItsReason) {
  struct Case {
    std::string text;
    const char* reason;
  };
  const Case cases[] = {{"", "empty"},
                        {"sixteen-bytes-xx", "16 bytes"},
                        {".", "directory"},
                        {"..", "directory"},
                        {"a/b", "contains '/'"},
                        {"eth0:1", "contains ':'"},
                        {"eth%d", "contains '%'"},
                        {std::string("a\0b", 3), "NUL"},
                        {"net\x01one", "control character"},
                        {"\x1b[2J", "control character"},
                        {"\x7f", "control character"},
                        {"\xc2\x9b"
                         "2J",
                         "control character"},
                        {"a\xff", "not UTF-8"},
                        {"a\xc3", "not UTF-8"}};
  for (const Case& c : cases) {
    auto name = IfName::parse(c.text);
    ASSERT_FALSE(name) << c.text;
    EXPECT_EQ(name.error().word, "bad-ifname");
    EXPECT_THAT(name.error().text(), HasSubstr(c.reason));
  }
}

TEST(IfName, RefusesEveryWhiteSpace) {
  for (const char* space :
       {" ", "\t", "\n", "\v", "\f", "\r", "\xa0", "\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80",
        "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"}) {
    for (std::string text : {std::string(space), "a" + std::string(space), space + std::string("b")}) {
      auto name = IfName::parse(text);
      ASSERT_FALSE(name) << in_quotes(text);
      EXPECT_THAT(name.error().detail, HasSubstr("white space")) << in_quotes(text);
    }
  }
  // U+2010, a hyphen right behind the spaces, is none.
  EXPECT_TRUE(
      IfName::parse("a\xe2\x80\x90"
                    "b"));
}

TEST(IfName, ShowsInErrorsWhatCannotBeSeen) {
  EXPECT_EQ(IfName::parse("a\tb").error().text(),
            "cannot use 'a\\x09b' as an interface name: it contains white space [bad-ifname]");
  EXPECT_LT(IfName::parse(std::string(100000, 'x')).error().text().size(), 250u);
}

TEST(MacAddress, ReadsBothFormsAndEitherCase) {
  for (const char* text : {"0a:1b:2c:3d:4e:5f", "0A-1B-2C-3D-4E-5F", "0a:1B:2c:3D:4e:5F"}) {
    auto mac = MacAddress::parse(text);
    ASSERT_TRUE(mac) << text;
    EXPECT_EQ(mac->text(), "0a:1b:2c:3d:4e:5f");
  }
}

TEST(MacAddress, RefusesOtherForms) {
  for (const char* text : {"", "0a:1b:2c:3d:4e", "0a:1b:2c:3d:4e:5f:60", "0a:1b-2c:3d:4e:5f", "0a1b2c3d4e5f",
                           "0a.1b.2c.3d.4e.5f", "0g:1b:2c:3d:4e:5f", "a:1b:2c:3d:4e:5f:0", " a:1b:2c:3d:4e:5f",
                           "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "0a:1b:2c:3d:4e:5f "}) {
    auto mac = MacAddress::parse(text);
    ASSERT_FALSE(mac) << text;
    EXPECT_EQ(mac.error().word, "bad-mac");
  }
}

TEST(MacAddress, LocalIsAlwaysALocallyAdministeredUnicastAddress) {
  for (int first = 0; first < 256; ++first) {
    MacAddress mac = MacAddress::local({static_cast<std::uint8_t>(first), 1, 2, 3, 4, 5});
    EXPECT_EQ(mac.bytes()[0] & 3, 2);
    EXPECT_EQ(mac.bytes()[0] & 0xfc, first & 0xfc);
    EXPECT_TRUE(MacAddress::parse(mac.text()) && *MacAddress::parse(mac.text()) == mac);
  }
}

TEST(Mtu, HasItsBounds) {
  EXPECT_TRUE(Mtu::from(68) && Mtu::from(1500) && Mtu::from(65535));
  for (std::int64_t octets : {std::int64_t{67}, std::int64_t{0}, std::int64_t{-1500}, std::int64_t{65536},
                              std::int64_t{1} << 32, INT64_MAX, INT64_MIN}) {
    ASSERT_FALSE(Mtu::from(octets)) << octets;
    EXPECT_EQ(Mtu::from(octets).error().word, "bad-mtu");
  }
}

}  // namespace
}  // namespace isthmus
