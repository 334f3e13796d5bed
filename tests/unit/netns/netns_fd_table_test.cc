#include "netns/netns_fd_table.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netns/file.h"

namespace isthmus {
namespace {

using ::testing::Contains;

TEST(NumbersIn, OfATaskThatHasEndedSinceItWasOpenedIsAnError) {
  pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  auto opened = open_directory("/proc/" + std::to_string(child) + "/fd");
  ASSERT_TRUE(opened) << opened.error().text();
  auto alive = detail::numbers_in(opened->ref(), ".");
  ASSERT_TRUE(alive) << alive.error().text();
  EXPECT_THAT(*alive, Contains(STDOUT_FILENO));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  auto dead = detail::numbers_in(opened->ref(), ".");
  ASSERT_FALSE(dead);
  EXPECT_TRUE(dead.error().err == ENOENT || dead.error().err == ESRCH) << dead.error().text();
}

}  // namespace
}  // namespace isthmus
