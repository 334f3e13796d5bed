#include "plugin/commands/progress.h"

#include <cstdio>

namespace isthmus {

Progress::~Progress() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void Progress::at(const char* what, std::size_t so_far, std::size_t all) {
  if (!wanted_ || !next_.passed()) return;
  next_ = Deadline::in(std::chrono::milliseconds(200));
  std::fprintf(stderr, "\rlooking at %s: %zu/%zu\033[K", what, so_far, all);
  std::fflush(stderr);
  shown_ = true;
}

}  // namespace isthmus
