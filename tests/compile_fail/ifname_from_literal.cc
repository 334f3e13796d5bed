// Nor is text taken where a name is wanted.
// expect: invalid initialization|no viable conversion|no matching function
#include "netlink/names.h"

void use(const isthmus::IfName& name);

void caller(const isthmus::IfName& name) {
#ifdef FIXED
  use(name);
#else
  (void)name;
  use("eth0");
#endif
}
