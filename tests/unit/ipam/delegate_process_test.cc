// A delegate as a process: what it inherits, and when it ends.
#include <fcntl.h>
#include <sys/prctl.h>

#include <chrono>

#include "plugin/ipam/child_process.h"
#include "tests/unit/ipam/delegate_testing.h"

namespace isthmus {
namespace {

using std::chrono::milliseconds;
using test::dies_within;
using test::get_file;
using test::in_child;
using test::wait_for;

class DelegateProcess : public test::DelegateTest {
 protected:
  // What a script wrote into `name`, once it is there.
  std::string eventually(const std::string& name) {
    for (auto deadline = Deadline::in(milliseconds(5000)); !deadline.passed(); usleep(1000)) {
      if (std::string text = get_file(dir_ / name); text.ends_with('\n')) return text;
    }
    return {};
  }
  static milliseconds since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
  }
};

TEST_F(DelegateProcess, I10_AHangingOneIsKilledWithItsChildrenAtTheDeadline) {
  auto start = std::chrono::steady_clock::now();
  CniError error =
      failure("sleep 60 & echo $! > $DIR/child; trap '' TERM INT; echo $$ > $DIR/self; wait", milliseconds(1500));
  EXPECT_LT(since(start), milliseconds(10000));
  EXPECT_EQ(error.code, 11U);
  EXPECT_NE(error.msg.find("it did not end in time and was killed"), std::string::npos) << error.msg;
  EXPECT_NE(error.msg.find("[ipam-timeout]"), std::string::npos);
  pid_t self = std::stoi(get_file(dir_ / "self"));
  EXPECT_TRUE(dies_within(std::stoi(get_file(dir_ / "child")), milliseconds(5000)));
  EXPECT_EQ(waitpid(self, nullptr, WNOHANG), -1) << "it was not reaped";
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(DelegateProcess, I10_OneThatWritesForEverIsKilledToo) {
  ::testing::internal::CaptureStderr();
  EXPECT_NE(failure("yes >&2", milliseconds(300)).msg.find("[ipam-timeout]"), std::string::npos);
  EXPECT_EQ(::testing::internal::GetCapturedStderr().size(), kMaxChildErrors);
  EXPECT_NE(failure("yes", milliseconds(5000)).msg.find("[ipam-garbage]"), std::string::npos);
}

TEST_F(DelegateProcess, P09_ADaemonItLeavesBehindIsNotWaitedFor) {
  auto start = std::chrono::steady_clock::now();
  auto answer = run("setsid sleep 60 & echo $! > $DIR/child; echo '{}'");
  EXPECT_LT(since(start), milliseconds(20000));
  ASSERT_TRUE(answer) << answer.error().msg;
  EXPECT_EQ(*answer, "{}\n");
  pid_t child = std::stoi(get_file(dir_ / "child"));
  EXPECT_TRUE(test::process_is_alive(child));
  kill(child, SIGKILL);
}

TEST_F(DelegateProcess, P09_ItDiesWithUs) {
  pid_t us = in_child([&] {
    (void)run("echo $$ > $DIR/self; exec sleep 60");
    return true;
  });
  std::string self = eventually("self");
  ASSERT_FALSE(self.empty());
  kill(us, SIGKILL);
  wait_for(us);
  EXPECT_TRUE(dies_within(std::stoi(self), milliseconds(10000)));
}

TEST_F(DelegateProcess, P09_ItHasPrivatePipesAndNoOtherDescriptor) {
  // Without close-on-exec, as a careless runtime leaves them to us.
  int leaked = open("/dev/null", O_RDONLY);
  int high = fcntl(leaked, F_DUPFD, 700);
  auto answer = run("for fd in 0 1 2; do readlink /proc/$$/fd/$fd; done > $DIR/pipes; exec ls /proc/self/fd");
  close(leaked);
  close(high);
  ASSERT_TRUE(answer) << answer.error().msg;
  EXPECT_EQ(*answer, "0\n1\n2\n3\n") << "3 is the directory that ls itself has open";
  std::string pipes = get_file(dir_ / "pipes");
  EXPECT_EQ(pipes.find("pipe:"), 0U) << pipes;
}

TEST_F(DelegateProcess, ItWorksWhenOurOwnStandardDescriptorsAreClosed) {
  pid_t us = in_child([&] {
    close(0);
    close(1);
    close(2);
    auto answer = run("cat; exec ls /proc/self/fd", "in\n");
    return answer && *answer == "in\n0\n1\n2\n3\n";
  });
  EXPECT_EQ(wait_for(us), 0);
}

TEST_F(DelegateProcess, ItsSignalsAreTheDefaultOnesAndItsGroupItsOwn) {
  // As a parent may bequeath: SIGCHLD ignored loses exit codes, SIGPIPE ignored breaks shell pipelines.
  pid_t us = in_child([&] {
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    auto answer = run("exec cat /proc/self/status");
    auto status = run("exit 7");
    bool clean = answer && answer->find("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n") != std::string::npos;
    bool kept = signal(SIGPIPE, SIG_IGN) == SIG_IGN && signal(SIGCHLD, SIG_IGN) == SIG_IGN;
    if (!clean) fprintf(stderr, "%s\n", answer ? answer->c_str() : answer.error().msg.c_str());
    if (!status) fprintf(stderr, "%s\n", status.error().msg.c_str());
    return clean && kept && !status && status.error().msg.find("status 7") != std::string::npos;
  });
  EXPECT_EQ(wait_for(us), 0);
  auto group = run("ps -o pgid= -p $$ | tr -d ' '; echo $$");
  ASSERT_TRUE(group);
  auto newline = group->find('\n');
  EXPECT_EQ(group->substr(0, newline + 1), group->substr(newline + 1));
}

TEST_F(DelegateProcess, NothingOfItStaysWithUs) {
  auto descriptors = [] { return test::names_in("/proc/self/fd").size(); };
  (void)run("echo '{}'");
  std::size_t before = descriptors();
  (void)run("echo '{}'");
  (void)failure("exit 1");
  (void)failure("sleep 60", milliseconds(50));
  (void)run_delegate("/no/such/program", Verb::add, "{}", Deadline::in(milliseconds(1000)));
  EXPECT_EQ(descriptors(), before);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

}  // namespace
}  // namespace isthmus
