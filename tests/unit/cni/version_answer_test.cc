#include "plugin/cni/version_answer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "plugin/cni/version.h"

namespace isthmus {
namespace {

nlohmann::json answer(const std::string& stdin_bytes) {
  std::string text = version_answer(stdin_bytes);
  EXPECT_TRUE(text.ends_with('\n'));
  return nlohmann::json::parse(text, nullptr, false);
}

TEST(VersionAnswer, V01_EchoesASupportedVersion) {
  for (std::string_view version : kVersionNames)
    EXPECT_EQ(answer(R"({"cniVersion":")" + std::string(version) + "\"}")["cniVersion"], version);
}

TEST(VersionAnswer, V02_AnythingElseGetsTheNewest) {
  for (const std::string& text : {std::string(), std::string("{"), std::string("[]"), std::string("null"),
                                  std::string(R"({"cniVersion":"9.0.0"})"), std::string(R"({"cniVersion":5})"),
                                  std::string(100000, '['), std::string(5 << 20, ' ')})
    EXPECT_EQ(answer(text)["cniVersion"], "1.1.0");
}

TEST(VersionAnswer, V03_ListsExactlyWhatIsRead) {
  auto listed = answer("{}")["supportedVersions"];
  ASSERT_EQ(listed.size(), kVersionNames.size());
  for (std::size_t i = 0; i < kVersionNames.size(); ++i)
    EXPECT_EQ(listed[i], kVersionNames[i]);
}

}  // namespace
}  // namespace isthmus
