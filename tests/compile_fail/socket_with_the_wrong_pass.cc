// A socket of one side is not born from the pass of the other.
// expect: invalid initialization|no viable conversion|no matching function|cannot convert|could not convert
#include "netlink/route_socket.h"

using isthmus::ContainerSide;
using isthmus::HostSide;

void caller(const isthmus::InNamespace<ContainerSide>& pass) {
#ifdef FIXED
  auto socket = isthmus::RouteSocket<ContainerSide>::open(pass);
#else
  auto socket = isthmus::RouteSocket<HostSide>::open(pass);
#endif
  (void)socket;
}
