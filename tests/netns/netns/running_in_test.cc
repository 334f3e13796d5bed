#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <stdexcept>

#include "netns/helper_process.h"
#include "netns/namespace_thread.h"
#include "tests/netns/netns/pod_test.h"

namespace isthmus {
namespace {

using RunningInTest = test::PodTest;

TEST_F(RunningInTest, TheCallerGoesOnAtHome) {
  const NetnsId home = *own_netns_id();
  std::promise<void> ready;
  RunningIn<ContainerSide, Result<NetnsId>> running(netns(), [&](const auto& pass) -> Result<NetnsId> {
    ready.get_future().wait();  // one after the other would hang
    EXPECT_TRUE(pass.here());
    return own_netns_id();
  });
  EXPECT_EQ(*own_netns_id(), home);
  EXPECT_TRUE(run_at_home([](const auto& pass) -> Status {
    EXPECT_TRUE(pass.here());
    return done;
  }));
  ready.set_value();
  auto inside = running.join();
  ASSERT_TRUE(inside);
  EXPECT_EQ(*inside, netns().id());
}

TEST_F(RunningInTest, NoProcessIsMadeBeforeItsAnswerIsFetched) {
  auto helper = [] { return run_in_helper(Deadline::in(std::chrono::seconds(20)), [] { return HelperAnswer{}; }); };
  RunningIn<ContainerSide, Status> running(netns(), [](const auto&) -> Status { return done; });
  auto refused = helper();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().word, "internal");
  EXPECT_TRUE(running.join());
  EXPECT_TRUE(helper()) << "nothing is left of the thread";
}

TEST_F(RunningInTest, EndsBeforeWhatItUsesGoes) {
  std::atomic<bool> ended = false;
  {
    RunningIn<ContainerSide, Status> running(netns(), [&](const auto&) -> Status {
      usleep(20'000);
      ended = true;
      return done;
    });
  }
  EXPECT_TRUE(ended);
  EXPECT_TRUE(refuse_beside_namespace_thread());
}

TEST_F(RunningInTest, AFailureIsToldWhenTheAnswerIsFetched) {
  RunningIn<ContainerSide, Status> failing(netns(), [](const auto&) -> Status { throw std::runtime_error("a bug"); });
  auto failed = failing.join();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().word, "internal");
  EXPECT_EQ(failed.error().detail, "a bug");
}

}  // namespace
}  // namespace isthmus
