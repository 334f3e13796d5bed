// A line on standard error for who waits longer than a second at a terminal.
#pragma once

#include <cstddef>

#include "netns/deadline.h"

namespace isthmus {

class Progress {
 public:
  // `wanted`: standard error is a terminal.
  explicit Progress(bool wanted) : wanted_(wanted), next_(Deadline::in(std::chrono::seconds(1))) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  // Takes the line away again.
  ~Progress();
  void at(const char* what, std::size_t so_far, std::size_t all);

 private:
  bool wanted_;
  bool shown_ = false;
  Deadline next_;
};

}  // namespace isthmus
