// The host's socket is not the container's.
// expect: invalid initialization|could not bind|no matching function|cannot bind|could not convert
#include "netlink/route_socket.h"

void configure(isthmus::RouteSocket<isthmus::ContainerSide>& container);

void caller(isthmus::RouteSocket<isthmus::HostSide>& host, isthmus::RouteSocket<isthmus::ContainerSide>& container) {
  (void)host;
  (void)container;
#ifdef FIXED
  configure(container);
#else
  configure(host);
#endif
}
