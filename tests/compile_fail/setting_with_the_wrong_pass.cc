// A container's settings are not the host's.
// expect: invalid initialization|no viable conversion|no matching function|cannot convert|could not convert
#include "netns/sysctl.h"

using isthmus::ContainerSide;
using isthmus::HostSide;

void caller(const isthmus::InNamespace<HostSide>& pass) {
#ifdef FIXED
  isthmus::Sysctl<HostSide> settings(pass);
#else
  auto settings = isthmus::Sysctl<ContainerSide>::open(pass, isthmus::SysctlFamilies::both);
#endif
  (void)settings;
}
