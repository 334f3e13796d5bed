// A name is valid by birth: text becomes one by parse() only.
// expect: private
#include "netlink/names.h"

void caller() {
#ifdef FIXED
  auto name = isthmus::IfName::parse("eth0");
#else
  isthmus::IfName name(std::string("eth0"));
#endif
  (void)name;
}
