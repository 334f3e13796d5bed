#include "plugin/cni/error.h"

#include <errno.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

namespace isthmus {
namespace {

TEST(CniErrors, P02_OneObjectOnOneLine) {
  CniError error(7, "a \"quoted\" text\nand more", "details");
  std::string text = to_json(error, SpecVersion::v0_4_0);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  auto json = nlohmann::json::parse(text, nullptr, false);
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json["cniVersion"], "0.4.0");
  EXPECT_TRUE(json["code"].is_number_unsigned());
  EXPECT_EQ(json["code"], 7);
  EXPECT_EQ(json["msg"], "a \"quoted\" text\nand more");
  EXPECT_EQ(json["details"], "details");
}

TEST(CniErrors, P02_NoDetailsNoKey) {
  EXPECT_EQ(to_json(CniError(4, "m"), SpecVersion::v1_1_0), "{\"cniVersion\":\"1.1.0\",\"code\":4,\"msg\":\"m\"}\n");
}

TEST(CniErrors, P02_BytesThatAreNotUtf8StillMakeJson) {
  std::string text = to_json(CniError(999, "path '\xff\xfe'"), SpecVersion::v1_0_0);
  EXPECT_TRUE(nlohmann::json::parse(text, nullptr, false).is_object()) << text;
}

TEST(CniErrors, CodeComesFromTheWordAndTextFromTheError) {
  CniError error(Error{"open", "'/run/x'", ENOENT, {}, "netns-path", "look again"});
  EXPECT_EQ(error.code, 4u);
  EXPECT_EQ(error.msg, "cannot open '/run/x': No such file or directory (ENOENT) [netns-path]; look again");
  EXPECT_EQ(CniError(Error{"do", "it", 0, "why", "never-heard-of", {}}).code, 999u);
  EXPECT_EQ(CniError(Error{"do", "it", 0, "two\nlines", {}, {}}).msg, "cannot do it: two lines");
  EXPECT_EQ(CniError(Error{"do", "it", ENOSPC, {}, {}, {}}).msg,
            "cannot do it: No space left on device (ENOSPC) [system-call]");
}

TEST(CniErrors, WordsAreUniqueAndCodesLegal) {
  std::set<std::string_view> seen;
  for (const ErrorWord& row : error_words()) {
    EXPECT_TRUE(seen.insert(row.word).second) << row.word;
    EXPECT_EQ(code_of_word(row.word), row.code);
    static const std::set<unsigned> kReserved = {1, 2, 3, 4, 5, 6, 7, 8, 11, 50, 51};
    EXPECT_TRUE(row.code >= 100 || kReserved.count(row.code) == 1) << row.word;
  }
}

TEST(CniErrors, JoinKeepsTheFirstCodeAndAllTexts) {
  CniError first(11, "first", "more");
  CniError second(999, "second");
  EXPECT_EQ(join_errors({first}), first);
  CniError joined = join_errors({first, second});
  EXPECT_EQ(joined.code, 11u);
  EXPECT_EQ(joined.msg, "2 things failed: first; more; second");
  EXPECT_EQ(join_errors({}).code, 999u);
}

}  // namespace
}  // namespace isthmus
