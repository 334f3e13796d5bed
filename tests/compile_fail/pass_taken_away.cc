// A pass cannot be carried off the thread it belongs to.
// expect: deleted
#include "netns/namespace_thread.h"

void caller(const isthmus::InNamespace<isthmus::ContainerSide>& pass) {
#ifdef FIXED
  const auto& kept = pass;
#else
  auto kept = pass;
#endif
  (void)kept;
}
