// A failure cannot be overlooked.
// expect: ignoring return value|nodiscard
#include "netns/result.h"

isthmus::Status act();

void caller() {
#ifdef FIXED
  if (!act()) return;
#else
  act();
#endif
}
