// An owned descriptor does not turn into a number that outlives it.
// expect: cannot convert|no viable conversion
#include "netns/unique_fd.h"

int caller(const isthmus::UniqueFd& fd) {
#ifdef FIXED
  return fd.ref().number();
#else
  return fd;
#endif
}
