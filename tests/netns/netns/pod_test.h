// A private host with one more network namespace, "pod", opened.
#pragma once

#include <chrono>
#include <optional>

#include "netns/netns_fd.h"
#include "tests/support/private_host.h"

namespace isthmus::test {

class PodTest : public PrivateHost {
 protected:
  void SetUp() override {
    PrivateHost::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    pod_.emplace("pod");
    auto opened = NetnsFd::open(*NetnsPath::parse(pod_->path()), Deadline::in(std::chrono::seconds(20)));
    ASSERT_TRUE(opened) << opened.error().text();
    netns_.emplace(*std::move(opened));
  }
  void TearDown() override { pod_.reset(); }

  const NetnsFd& netns() const { return *netns_; }

 private:
  std::optional<NamedNetns> pod_;
  std::optional<NetnsFd> netns_;
};

}  // namespace isthmus::test
