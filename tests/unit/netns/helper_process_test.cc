#include "netns/helper_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>

namespace isthmus {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool has_child() { return waitpid(-1, nullptr, WNOHANG) == 0; }
std::size_t open_descriptors() {
  std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST(HelperProcess, HandsBackADescriptorThatIsCloexec) {
  auto answer = run_in_helper(Deadline::in(seconds(10)), [] {
    return HelperAnswer{0, UniqueFd(open("/dev/null", O_PATH | O_CLOEXEC))};
  });
  ASSERT_TRUE(answer) << answer.error().text();
  ASSERT_TRUE(answer->fd);
  EXPECT_EQ(fcntl(answer->fd.ref().number(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  struct stat got {};
  struct stat expected {};
  ASSERT_EQ(fstat(answer->fd.ref().number(), &got), 0);
  ASSERT_EQ(stat("/dev/null", &expected), 0);
  EXPECT_EQ(got.st_rdev, expected.st_rdev);
}

TEST(HelperProcess, HandsBackAnErrno) {
  auto answer = run_in_helper(Deadline::in(seconds(10)), [] { return HelperAnswer{ENOTDIR, {}}; });
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->err, ENOTDIR);
  EXPECT_FALSE(answer->fd);
}

TEST(HelperProcess, LeavesNoChildAndNoDescriptor) {
  std::size_t before = open_descriptors();
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(run_in_helper(Deadline::in(seconds(10)), [] { return HelperAnswer{}; }));
  EXPECT_FALSE(has_child());
  EXPECT_EQ(open_descriptors(), before);
}

// The bits of the answer say what was wrong in the child.
TEST(HelperProcess, TheChildIsAloneWithItsSocket) {
  UniqueFd extra(open("/dev/null", O_RDONLY));
  signal(SIGUSR1, SIG_IGN);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  auto answer = run_in_helper(Deadline::in(seconds(10)), [] {
    int wrong = 0;
    for (int fd = 1; fd < 1024; ++fd)
      if (fcntl(fd, F_GETFD) >= 0) wrong |= 1;
    if (fcntl(0, F_GETFD) < 0) wrong |= 2;
    if (getsid(0) != getpid()) wrong |= 4;
    std::array<char, 8> cwd{};
    if (getcwd(cwd.data(), cwd.size()) == nullptr || std::string(cwd.data()) != "/") wrong |= 8;
    struct sigaction usr1 {};
    sigaction(SIGUSR1, nullptr, &usr1);
    if (usr1.sa_handler != SIG_DFL) wrong |= 16;
    sigset_t mask;
    sigprocmask(SIG_SETMASK, nullptr, &mask);
    if (sigismember(&mask, SIGTERM) != 0) wrong |= 32;
    return HelperAnswer{wrong, {}};
  });
  sigprocmask(SIG_SETMASK, &before, nullptr);
  signal(SIGUSR1, SIG_DFL);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->err, 0);
}

TEST(HelperProcess, ALateOneIsAbandonedAlive) {
  auto start = std::chrono::steady_clock::now();
  auto answer = run_in_helper(Deadline::in(milliseconds(100)), [] {
    pause();
    return HelperAnswer{};
  });
  auto took = std::chrono::steady_clock::now() - start;
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().err, ETIMEDOUT);
  EXPECT_GE(took, milliseconds(100));
  EXPECT_LT(took, seconds(5));
  ASSERT_TRUE(has_child()) << "it was killed";
  // Find it by being its parent, and end it: in a real run our own end comes first.
  std::string children;
  FILE* list = fopen(("/proc/self/task/" + std::to_string(getpid()) + "/children").c_str(), "re");
  ASSERT_NE(list, nullptr);
  int child = 0;
  ASSERT_EQ(fscanf(list, "%d", &child), 1);
  fclose(list);
  kill(child, SIGTERM);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "SIGTERM has to end an abandoned helper";
}

TEST(HelperProcess, ALateAnswerEndsTheChildQuietly) {
  auto answer = run_in_helper(Deadline::in(milliseconds(50)), [] {
    usleep(200000);
    return HelperAnswer{0, UniqueFd(open("/dev/null", O_RDONLY))};
  });
  ASSERT_FALSE(answer);
  int status = 0;
  ASSERT_GT(waitpid(-1, &status, 0), 0);
  EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
}

TEST(HelperProcess, AKilledOneIsReportedWithItsSignal) {
  auto answer = run_in_helper(Deadline::in(seconds(10)), [] {
    raise(SIGKILL);
    return HelperAnswer{};
  });
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().err, 0);
  EXPECT_EQ(answer.error().detail, "it was ended by signal 9");
  EXPECT_FALSE(has_child());
}

TEST(HelperProcess, WorksWhereARuntimeIgnoresSigchld) {
  signal(SIGCHLD, SIG_IGN);
  auto answer = run_in_helper(Deadline::in(seconds(10)), [] { return HelperAnswer{EXDEV, {}}; });
  signal(SIGCHLD, SIG_DFL);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->err, EXDEV);
}

}  // namespace
}  // namespace isthmus
