#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "plugin/log/log.h"

namespace isthmus {
namespace {

TEST(LogLine, QuotesAndEscapesWhatStrangersWrite) {
  LogLine line;
  line.add("verb", "ADD").add("pod", "").add("msg", "it's \"here\" = there").add("cid", "a\x1b[2J\nb");
  EXPECT_EQ(line.text(), R"(verb=ADD msg="it's \"here\" = there" cid=a\x1b[2J\x0ab)");
}

struct LogFile : ::testing::Test {
  std::string path = ::testing::TempDir() + "isthmus-log-" + std::to_string(getpid());
  LogConf conf{.level = "info", .file = path};
  ~LogFile() override { std::remove(path.c_str()); }
  std::string content() const {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
};

TEST_F(LogFile, OneLineWithLevelAndText) {
  log_line(conf, "", LogLevel::info, "verb=ADD result=ok");
  EXPECT_NE(content().find(" info verb=ADD result=ok\n"), std::string::npos) << content();
}

TEST_F(LogFile, BelowTheLevelNotEvenAFileIsMade) {
  log_line(conf, "", LogLevel::debug, "verb=STATUS result=ok");
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST_F(LogFile, EnvironmentWinsOverTheConfiguration) {
  log_line(LogConf{.level = "error"}, "debug:" + path, LogLevel::debug, "verb=STATUS");
  EXPECT_NE(content().find("verb=STATUS"), std::string::npos);
}

TEST_F(LogFile, ATargetThatCannotBeWrittenIsNoError) {
  conf.file = "/proc/no/such/file";
  log_line(conf, "", LogLevel::error, "verb=ADD");
}

}  // namespace
}  // namespace isthmus
