#include "netns/task_sample.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace isthmus {
namespace {

const char* const kBehind = " 1 17 17 0 -1 4194304 5 0 0 0 1 2 0 0 20 0 1 0 987654 1000 10 18446744073709551615 0 0";

TEST(TaskStat, ReadsWhatStandsBehindACommandOfAnyText) {
  auto task = parse_task_stat(std::string("4711 (a) R (b) c)) S") + kBehind + "\n");
  ASSERT_TRUE(task);
  EXPECT_EQ(task->key.tid, 4711);
  EXPECT_EQ(task->command, "a) R (b) c)");
  EXPECT_EQ(task->state, 'S');
  EXPECT_EQ(task->parent, 1);
  EXPECT_EQ(task->key.start, 987654u);
  EXPECT_FALSE(task->exiting);
  EXPECT_FALSE(task->of_kernel);
}

TEST(TaskStat, KnowsATaskThatIsExitingAndOneOfTheKernel) {
  auto exiting = parse_task_stat("7 (x) S 1 17 17 0 -1 4194308 5 0 0 0 1 2 0 0 20 0 1 0 9 1000");
  ASSERT_TRUE(exiting);
  EXPECT_TRUE(exiting->exiting);
  auto kernel = parse_task_stat("7 (kworker) I 2 0 0 0 -1 69238880 0 0 0 0 0 0 0 0 20 0 1 0 9 0");
  ASSERT_TRUE(kernel);
  EXPECT_TRUE(kernel->of_kernel);
}

TEST(TaskStat, RefusesWhatIsNone) {
  for (const char* text : {"", "7", "7 (x)", "7 (x) ", "7 (x) S", "7 (x) S 1 2 3", "x (y) S 1 2 3", ") (", "7 ) ( S 1"})
    EXPECT_FALSE(parse_task_stat(text)) << text;
}

TEST(TaskSample, KnowsUs) {
  auto us = sample_task(getpid(), getpid());
  ASSERT_TRUE(us);
  EXPECT_EQ(us->parent, getppid());
  EXPECT_NE(us->netns, 0u);
  EXPECT_NE(us->mount_ns, 0u);
  auto again = sample_task(getpid(), getpid());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->key, us->key);
  EXPECT_FALSE(sample_task(getpid(), getpid() + 1));
  EXPECT_GT(innermost_pid(getpid()), 0);
}

TEST(TaskSample, SaysOfATaskThatEndsUnderItsEyesThatItHasEnded) {
  for (int round = 0; round < 500; ++round) {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    ASSERT_GT(child, 0);
    for (bool alive = true; alive;) {
      auto task = sample_task(child, child);
      alive = task && task->state != 'Z' && !task->exiting;
      if (alive) {
        EXPECT_NE(task->netns, 0u) << "in state " << task->state;
      }
    }
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
  }
}

TEST(TaskSample, TellsAClientOfAFileServerFromTheServer) {
  TaskSeen task;
  task.wchan = "request_wait_answer";
  EXPECT_TRUE(waits_for_fuse(task));
  task.wchan = "fuse_dev_do_read";
  EXPECT_FALSE(waits_for_fuse(task));
  task.wchan = "rpc_wait_bit_killable";
  EXPECT_TRUE(waits_for_nfs(task));
}

}  // namespace
}  // namespace isthmus
