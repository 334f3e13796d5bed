// Two names are not each other, although both are text inside.
// expect: could not convert|no viable conversion|no matching function|invalid initialization
#include "netlink/names.h"
#include "plugin/cni/ids.h"

void use(const isthmus::ContainerId& id);

void caller(const isthmus::IfName& name, const isthmus::ContainerId& id) {
  (void)name;
  (void)id;
#ifdef FIXED
  use(id);
#else
  use(name);
#endif
}
