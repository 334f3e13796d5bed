#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <stdexcept>

#include "netns/namespace_thread.h"
#include "tests/support/private_host.h"

namespace isthmus {
namespace {

class RunningInTest : public test::PrivateHost {
 protected:
  void SetUp() override {
    PrivateHost::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    pod_.emplace("pod");
    auto opened = NetnsFd::open(*NetnsPath::parse(pod_->path()), Deadline::in(std::chrono::seconds(20)));
    ASSERT_TRUE(opened) << opened.error().text();
    netns_.emplace(*std::move(opened));
  }
  std::optional<test::NamedNetns> pod_;
  std::optional<NetnsFd> netns_;
};

TEST_F(RunningInTest, RunsUntilItsAnswerIsFetched) {
  std::promise<void> asked;
  RunningIn<ContainerSide, Result<NetnsId>> running(*netns_, [&](const auto& pass) -> Result<NetnsId> {
    asked.get_future().wait();
    EXPECT_TRUE(pass.here());
    return own_netns_id();
  });
  auto refused = refuse_beside_namespace_thread();
  EXPECT_FALSE(refused);
  asked.set_value();
  auto inside = running.join();
  ASSERT_TRUE(inside);
  EXPECT_EQ(*inside, netns_->id());
  EXPECT_TRUE(refuse_beside_namespace_thread());
}

TEST_F(RunningInTest, EndsBeforeWhatItUsesGoes) {
  std::atomic<bool> ended = false;
  {
    RunningIn<ContainerSide, Status> running(*netns_, [&](const auto&) -> Status {
      usleep(20'000);
      ended = true;
      return done;
    });
  }
  EXPECT_TRUE(ended);
  EXPECT_TRUE(refuse_beside_namespace_thread());
}

TEST_F(RunningInTest, AFailureIsToldWhenTheAnswerIsFetched) {
  RunningIn<ContainerSide, Status> failing(*netns_, [](const auto&) -> Status { throw std::runtime_error("a bug"); });
  auto failed = failing.join();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().word, "internal");
  EXPECT_EQ(failed.error().detail, "a bug");
}

}  // namespace
}  // namespace isthmus
