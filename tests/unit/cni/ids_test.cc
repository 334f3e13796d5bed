#include "plugin/cni/ids.h"

#include <gtest/gtest.h>

#include "plugin/cni/version.h"

namespace isthmus {
namespace {

TEST(Ids, E06_ContainerIdAlphabet) {
  for (const std::string& good : {std::string("a"), std::string("0"), std::string("a_b.c-d"), std::string(200, 'x')})
    EXPECT_TRUE(ContainerId::parse(good)) << good;
  for (const char* bad : {"", "-x", ".x", "_x", "a/b", "a b", "abc\n", "a\xc3\xa9", "\xc3\xa9"}) {
    auto id = ContainerId::parse(bad);
    ASSERT_FALSE(id) << bad;
    EXPECT_EQ(id.error().word, "bad-container-id");
  }
  EXPECT_FALSE(ContainerId::parse(std::string_view("a\0b", 3)));
}

TEST(Ids, S03_NetworkNameIsAlsoADirectory) {
  EXPECT_TRUE(NetworkName::parse("pods"));
  EXPECT_TRUE(NetworkName::parse(std::string(200, 'n')));
  for (const std::string& bad : {std::string(), std::string("-n"), std::string("a/b"), std::string(".."),
                                 std::string("."), std::string(201, 'n')}) {
    auto name = NetworkName::parse(bad);
    ASSERT_FALSE(name) << bad;
    EXPECT_EQ(name.error().word, "bad-network-name");
  }
}

TEST(Ids, ErrorsShowControlBytesOnOneLine) {
  std::string text = ContainerId::parse("abc\n").error().text();
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_NE(text.find("'abc\\x0a'"), std::string::npos) << text;
}

TEST(Version, V03_ExactStringsOnly) {
  for (std::size_t i = 0; i < kVersionNames.size(); ++i) {
    auto version = parse_version(kVersionNames[i]);
    ASSERT_TRUE(version.has_value());
    EXPECT_EQ(to_text(*version), kVersionNames[i]);
  }
  for (const char* other : {"", "1.1", "v1.1.0", "1.1.0 ", "0.9.0", "1.2.0", "01.1.0", "adf"})
    EXPECT_EQ(parse_version(other), std::nullopt) << other;
}

}  // namespace
}  // namespace isthmus
