// /proc/PID/ns/net of processes that have left their namespaces but are still there.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netns/netns_fd.h"
#include "tests/support/private_host.h"

namespace isthmus {
namespace {

using ::testing::HasSubstr;

using NetnsDying = test::PrivateHost;

pid_t fork_sleeper() {
  pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  return child;
}

Result<NetnsFd> try_open(const std::string& text) {
  auto path = NetnsPath::parse(text);
  return NetnsFd::open(*path, Deadline::in(std::chrono::seconds(20)));
}

// Waits until the process has let go of its namespaces.
void wait_until_gone(const std::string& link) {
  for (int i = 0; i < 2000 && access(link.c_str(), F_OK) == 0; ++i)
    usleep(1000);
}

TEST_F(NetnsDying, AProcessInAnotherNamespaceIsFineWhileItLives) {
  pid_t child = fork_sleeper();
  auto opened = try_open("/proc/" + std::to_string(child) + "/ns/net");
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->id(), *own_netns_id());
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  auto gone = try_open("/proc/" + std::to_string(child) + "/ns/net");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().word, "netns-missing");
}

TEST_F(NetnsDying, AZombieIsDying) {
  pid_t child = fork();
  if (child == 0) _exit(0);
  std::string pid = std::to_string(child);
  wait_until_gone("/proc/" + pid + "/ns/net");
  for (const std::string& path : {"/proc/" + pid + "/ns/net", "/proc/" + pid + "/task/" + pid + "/ns/net"}) {
    auto opened = try_open(path);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().word, "netns-dying");
    EXPECT_EQ(opened.error().err, ENOENT);
    EXPECT_EQ(opened.error().object, "'" + path + "'");
    EXPECT_THAT(opened.error().detail, HasSubstr("state Z"));
  }
  waitpid(child, nullptr, 0);
}

// A container's init that was killed waits in zap_pid_ns_processes() for the last process of its pid namespace. One
// whose parent is outside and does not reap it keeps it there, in state S, looking like a living process.
TEST_F(NetnsDying, AnInitThatWaitsForItsLastChildIsDying) {
  std::string ours = "/proc/self/ns/pid";
  UniqueFd own_pids(open(ours.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(unshare(CLONE_NEWPID), 0);
  pid_t init = fork_sleeper();
  pid_t straggler = fork_sleeper();
  ASSERT_EQ(setns(own_pids.ref().number(), CLONE_NEWPID), 0);
  ASSERT_GT(init, 0);
  ASSERT_GT(straggler, 0);

  kill(init, SIGKILL);
  std::string link = "/proc/" + std::to_string(init) + "/ns/net";
  wait_until_gone(link);
  ASSERT_EQ(waitpid(init, nullptr, WNOHANG), 0) << "init ended although a process of its pid namespace is not reaped";
  auto opened = try_open(link);
  EXPECT_FALSE(opened);
  if (!opened) {
    EXPECT_EQ(opened.error().word, "netns-dying");
    EXPECT_THAT(opened.error().detail, HasSubstr("state S"));
    EXPECT_THAT(opened.error().hint, HasSubstr("last child"));
  }
  waitpid(straggler, nullptr, 0);
  waitpid(init, nullptr, 0);
}

}  // namespace
}  // namespace isthmus
