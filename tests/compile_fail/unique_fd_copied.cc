// A descriptor has one owner.
// expect: deleted
#include "netns/unique_fd.h"

void caller(isthmus::UniqueFd& fd) {
#ifdef FIXED
  isthmus::UniqueFd other = std::move(fd);
#else
  isthmus::UniqueFd other = fd;
#endif
}
