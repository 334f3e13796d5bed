#include "netns/symbols.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <string>

namespace isthmus {
namespace {

using ::testing::StrEq;

// The kernel's own headers are the list.
int compare_with(const std::string& header, const char* pattern, const char* (*symbol)(int)) {
  std::ifstream file(header);
  EXPECT_TRUE(file) << header;
  const std::regex definition(pattern);
  int compared = 0;
  for (std::string line; std::getline(file, line);) {
    std::smatch found;
    if (!std::regex_search(line, found, definition)) continue;
    EXPECT_THAT(symbol(std::stoi(found[2])), StrEq(found[1].str())) << line;
    ++compared;
  }
  return compared;
}

TEST(Symbols, OfErrorsAreTheKernels) {
  constexpr const char* kError = R"(^#define\s+(E[A-Z0-9]+)\s+(\d+))";
  EXPECT_EQ(compare_with("/usr/include/asm-generic/errno-base.h", kError, errno_symbol), 34);
  EXPECT_GE(compare_with("/usr/include/asm-generic/errno.h", kError, errno_symbol), 97);
  EXPECT_EQ(errno_symbol(0), nullptr);
  EXPECT_EQ(errno_symbol(-1), nullptr);
  EXPECT_EQ(errno_symbol(9999), nullptr);
}

TEST(Symbols, OfSignalsAreTheKernels) {
  constexpr const char* kSignal = R"(^#define\s+(SIG(?!IOT|POLL|LOST|UNUSED|RT|STKSZ)[A-Z]+[12]?)\s+(\d+))";
  EXPECT_EQ(compare_with("/usr/include/asm-generic/signal.h", kSignal, signal_symbol), 31);
  EXPECT_EQ(signal_symbol(0), nullptr);
  EXPECT_EQ(signal_symbol(64), nullptr);
}

}  // namespace
}  // namespace isthmus
