// A container id is valid by birth.
// expect: private
#include "plugin/cni/ids.h"

void caller() {
#ifdef FIXED
  auto id = isthmus::ContainerId::parse("4f07645");
#else
  isthmus::ContainerId id(std::string("4f07645"));
#endif
  (void)id;
}
