#include "netns/result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

namespace isthmus {
namespace {

using ::testing::EndsWith;

TEST(ErrorText, HasEveryPartInOrder) {
  Error error{"create veth", "'eth0'", EEXIST, "name taken", "veth-create", "delete the old one"};
  EXPECT_EQ(error.text(),
            "cannot create veth 'eth0': File exists (EEXIST): name taken [veth-create]; delete the old one");
}

TEST(ErrorText, LeavesOutWhatIsAbsent) {
  EXPECT_EQ((Error{"think", {}, 0, {}, {}, {}}.text()), "cannot think");
  EXPECT_EQ((Error{"think", {}, 0, "too late", {}, {}}.text()), "cannot think: too late");
  EXPECT_EQ((Error{"think", "'x'", ENOENT, {}, {}, {}}.text()), "cannot think 'x': No such file or directory (ENOENT)");
  EXPECT_EQ((Error{"think", {}, 0, {}, "w", "h"}.text()), "cannot think [w]; h");
}

TEST(ErrorText, ANumberWithoutANameStillHasItsNumber) {
  EXPECT_THAT(errno_error_from(9999, "think").text(), EndsWith(" (errno 9999)"));
}

TEST(ErrnoError, TakesErrnoAsItIs) {
  errno = EPERM;
  Error error = errno_error("open", "'f'", "word");
  EXPECT_EQ(error.err, EPERM);
  EXPECT_EQ(error.text(), "cannot open 'f': Operation not permitted (EPERM) [word]");
}

TEST(ErrorWith, FirstWordAndFirstHintWin) {
  Error fresh{"a", {}, 0, {}, {}, {}};
  Error named = std::move(fresh).with_word("inner").with_word("outer").with_hint("near").with_hint("far");
  EXPECT_EQ(named.word, "inner");
  EXPECT_EQ(named.hint, "near");
}

Result<int> half(int number) {
  if (number % 2 != 0) return Error{"halve", std::to_string(number), 0, {}, "odd", {}};
  return number / 2;
}

Result<std::string> quarter_text(int number) {
  TRY(int first, half(number));
  TRY(int second, half(first));
  return std::to_string(second);
}

Status only_even(int number) {
  TRY_OK(half(number));
  return done;
}

TEST(Result, TryBindsTheValueOrReturnsTheError) {
  EXPECT_EQ(*quarter_text(12), "3");
  auto failed = quarter_text(6);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().object, "3");
  EXPECT_TRUE(only_even(2));
  ASSERT_FALSE(only_even(3));
  EXPECT_EQ(only_even(3).error().word, "odd");
}

TEST(Result, CarriesMoveOnlyValues) {
  Result<std::unique_ptr<int>> box(std::make_unique<int>(7));
  ASSERT_TRUE(box);
  std::unique_ptr<int> out = *std::move(box);
  EXPECT_EQ(*out, 7);
}

struct OtherError {
  explicit OtherError(Error error) : code(error.err) {}
  int code;
};

Result<int, OtherError> widened() {
  TRY(int value, half(3));
  return value;
}

TEST(Result, AnErrorWidensIntoAnotherKind) {
  auto failed = widened();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, 0);
}

#ifndef NDEBUG
TEST(ResultDeathTest, ReadingTheWrongSideStopsADebugBuild) {
  Result<int> failed = half(3);
  EXPECT_DEATH((void)*failed, "index");
  Result<int> good = half(2);
  EXPECT_DEATH((void)good.error(), "index");
}
#endif

}  // namespace
}  // namespace isthmus
