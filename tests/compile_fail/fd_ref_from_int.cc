// A bare number is no descriptor: borrowing one is said aloud.
// expect: could not convert|no viable conversion|no matching function|cannot convert
#include "netns/unique_fd.h"

void use(isthmus::FdRef fd);

void caller() {
#ifdef FIXED
  use(isthmus::FdRef::borrow(2));
#else
  use(2);
#endif
}
