#include "netns/netns_path.h"

#include <gtest/gtest.h>

#include <climits>
#include <string>

namespace isthmus {
namespace {

std::string name_of(const char* text) {
  auto path = NetnsPath::parse(text);
  EXPECT_TRUE(path) << text;
  return path ? std::string(path->name()) : "";
}

void expect_refused(std::string_view text, const std::string& why) {
  auto path = NetnsPath::parse(text);
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().word, "netns-path");
  EXPECT_EQ(path.error().detail, why);
}

TEST(NetnsPath, KeepsTheTextByteForByte) {
  auto path = NetnsPath::parse("/var/run/netns/../netns//a b");
  ASSERT_TRUE(path);
  EXPECT_EQ(path->text(), "/var/run/netns/../netns//a b");
}

TEST(NetnsPath, RefusesWhatIsNoAbsolutePath) {
  expect_refused("", "it is empty");
  expect_refused("run/netns/x", "it is not absolute");
  expect_refused("web", "it is not absolute");
  expect_refused(std::string_view("/run/\0/x", 8), "it has a NUL byte in it");
  expect_refused("/" + std::string(PATH_MAX - 1, 'x'), "it is longer than 4095 bytes");
  EXPECT_TRUE(NetnsPath::parse("/" + std::string(PATH_MAX - 2, 'x')));
}

TEST(NetnsPath, AnErrorShowsThePathButNeverTheBytesAfterANulOrTheWholeOfALongOne) {
  auto nul = NetnsPath::parse(std::string_view("/a\0b", 4));
  ASSERT_FALSE(nul);
  EXPECT_EQ(nul.error().text(), "cannot use as network namespace the path '/a': it has a NUL byte in it [netns-path]");
  auto longer = NetnsPath::parse("/" + std::string(PATH_MAX, 'x'));
  ASSERT_FALSE(longer);
  EXPECT_LT(longer.error().text().size(), 200U);
}

TEST(NetnsPath, NamesAreTheEntriesOfTheTwoWaysToRunNetns) {
  EXPECT_EQ(name_of("/run/netns/web"), "web");
  EXPECT_EQ(name_of("/var/run/netns/cni-1234"), "cni-1234");
  EXPECT_EQ(name_of("/run/netns/.hidden"), ".hidden");
}

TEST(NetnsPath, OtherPathsHaveNoName) {
  for (const char* text : {"/run/netns", "/run/netns/", "/run/netns/.", "/run/netns/..", "/run/netns/a/b",
                           "/run/netns//a", "/run/netnsx/a", "/x/run/netns/a", "/proc/1/ns/net", "/"}) {
    EXPECT_EQ(name_of(text), "") << text;
  }
}

}  // namespace
}  // namespace isthmus
