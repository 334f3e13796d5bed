// Both sides' doors to the kernel, opened once per call and used from the main thread from then on.
#pragma once

#include "netlink/route_socket.h"
#include "netns/deadline.h"
#include "netns/netns_fd.h"
#include "netns/sysctl.h"

namespace isthmus {

template <class Side>
struct Kernel {
  RouteSocket<Side> routes;
  Sysctl<Side> sysctl;
};

// For what needs no setting.
inline Result<RouteSocket<HostSide>> open_host_routes(Deadline deadline) {
  TRY(auto routes, run_at_home([](const auto& here) { return RouteSocket<HostSide>::open(here); }));
  routes.set_deadline(deadline);
  return routes;
}

inline Result<Kernel<HostSide>> open_host(Deadline deadline) {
  return run_at_home([&](const auto& here) -> Result<Kernel<HostSide>> {
    TRY(auto routes, RouteSocket<HostSide>::open(here));
    routes.set_deadline(deadline);
    return Kernel<HostSide>{std::move(routes), Sysctl<HostSide>(here)};
  });
}

// From a thread inside. All settings of a container are of IPv6.
inline Result<Kernel<ContainerSide>> open_container(const InNamespace<ContainerSide>& here, Deadline deadline) {
  TRY(auto routes, RouteSocket<ContainerSide>::open(here));
  routes.set_deadline(deadline);
  TRY(auto sysctl, Sysctl<ContainerSide>::open(here, SysctlFamilies::ipv6));
  return Kernel<ContainerSide>{std::move(routes), std::move(sysctl)};
}

}  // namespace isthmus
