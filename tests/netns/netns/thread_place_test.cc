// On which processor and which stack the namespace thread runs.
#include <gmock/gmock.h>
#include <sched.h>

#include <atomic>
#include <thread>
#include <vector>

#include "netns/namespace_thread.h"
#include "tests/netns/netns/pod_test.h"

namespace isthmus {
namespace {

std::vector<int> allowed() {
  cpu_set_t set;
  std::vector<int> processors;
  EXPECT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  for (int i = 0; i < CPU_SETSIZE; ++i)
    if (CPU_ISSET(static_cast<std::size_t>(i), &set)) processors.push_back(i);
  return processors;
}

using ThreadPlace = test::PodTest;

using Processors = std::vector<int>;
Result<Processors> look(const InNamespace<ContainerSide>& /*pass*/) { return allowed(); }

TEST_F(ThreadPlace, IsTheWaitingCallersProcessor) {
  const Processors before = allowed();
  auto inside = run_in<ContainerSide>(netns(), look);
  ASSERT_TRUE(inside);
  EXPECT_EQ(inside->size(), 1U);
  EXPECT_THAT(before, ::testing::Contains(inside->front()));
  EXPECT_EQ(allowed(), before) << "the caller may go where it might before";
}

TEST_F(ThreadPlace, IsAnyWhenTheCallerGoesOn) {
  const Processors before = allowed();
  RunningIn<ContainerSide, Result<Processors>> running(netns(), look);
  EXPECT_EQ(allowed(), before);
  auto inside = running.join();
  ASSERT_TRUE(inside);
  EXPECT_EQ(*inside, before);
}

// A program that has several has a stack for each.
TEST_F(ThreadPlace, ManyAtOnce) {
  std::atomic<int> inside = 0;
  auto meet = [&](const InNamespace<ContainerSide>& /*pass*/) -> Result<Done> {
    for (++inside; inside < 4;)
      sched_yield();
    return done;
  };
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&] { EXPECT_TRUE(run_in<ContainerSide>(netns(), meet)); });
  for (std::thread& caller : callers)
    caller.join();
  EXPECT_EQ(inside, 4);
}

}  // namespace
}  // namespace isthmus
