#include "netns/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <utility>

namespace isthmus {
namespace {

int open_null() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST(UniqueFd, ClosesWhenItGoes) {
  int number = open_null();
  {
    UniqueFd fd(number);
    EXPECT_TRUE(fd);
    EXPECT_EQ(fd.ref().number(), number);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, IsEmptyByDefaultAndFromAFailedCall) {
  EXPECT_FALSE(UniqueFd());
  EXPECT_FALSE(UniqueFd(open("/nonexistent", O_RDONLY)));
}

TEST(UniqueFd, MovingLeavesTheSourceEmptyAndClosesNothing) {
  UniqueFd first(open_null());
  int number = first.ref().number();
  UniqueFd second(std::move(first));
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): the state after a move is what is tested
  EXPECT_EQ(second.ref().number(), number);
  EXPECT_TRUE(is_open(number));
}

TEST(UniqueFd, AssignmentClosesWhatWasHeld) {
  UniqueFd first(open_null());
  UniqueFd second(open_null());
  int closed = first.ref().number();
  int kept = second.ref().number();
  first = std::move(second);
  EXPECT_FALSE(is_open(closed));
  EXPECT_TRUE(is_open(kept));
}

TEST(UniqueFd, SelfAssignmentKeepsTheDescriptor) {
  UniqueFd fd(open_null());
  UniqueFd& same = fd;
  fd = std::move(same);
  ASSERT_TRUE(fd);
  EXPECT_TRUE(is_open(fd.ref().number()));
}

TEST(UniqueFd, ResetClosesOnce) {
  UniqueFd fd(open_null());
  int number = fd.ref().number();
  fd.reset();
  EXPECT_FALSE(fd);
  EXPECT_FALSE(is_open(number));
  int reused = open_null();
  ASSERT_EQ(reused, number);
  fd.reset();
  EXPECT_TRUE(is_open(reused)) << "a second reset closed a descriptor that is somebody else's";
  close(reused);
}

}  // namespace
}  // namespace isthmus
