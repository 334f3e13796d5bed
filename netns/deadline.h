// A moment on CLOCK_MONOTONIC after which waiting is an error. Every wait in the program takes one.
#pragma once

#include <chrono>

namespace isthmus {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  static Deadline in(std::chrono::milliseconds span) { return Deadline(Clock::now() + span); }
  // The earlier of this deadline and now + span.
  Deadline at_most(std::chrono::milliseconds span) const {
    auto other = Clock::now() + span;
    return Deadline(other < at_ ? other : at_);
  }
  bool passed() const { return Clock::now() >= at_; }
  // Whether that much time is left.
  bool leaves(std::chrono::milliseconds span) const { return Clock::now() + span <= at_; }
  // Time left, rounded up, never negative: what poll(2) takes.
  int poll_timeout_ms() const {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - Clock::now()).count();
    return left < 0 ? 0 : static_cast<int>(left);
  }

 private:
  explicit Deadline(Clock::time_point at) : at_(at) {}
  Clock::time_point at_;
};

}  // namespace isthmus
