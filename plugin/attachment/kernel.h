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

  static Result<Kernel> open(const InNamespace<Side>& here, Deadline deadline) {
    TRY(auto routes, RouteSocket<Side>::open(here));
    routes.set_deadline(deadline);
    TRY(auto sysctl, Sysctl<Side>::open(here));
    return Kernel{std::move(routes), std::move(sysctl)};
  }
};

// For what needs no setting.
inline Result<RouteSocket<HostSide>> open_host_routes(Deadline deadline) {
  TRY(auto routes, run_at_home([](const auto& here) { return RouteSocket<HostSide>::open(here); }));
  routes.set_deadline(deadline);
  return routes;
}

inline Result<Kernel<HostSide>> open_host(Deadline deadline) {
  return run_at_home([&](const auto& here) { return Kernel<HostSide>::open(here, deadline); });
}

// The one short thread of a call.
inline Result<Kernel<ContainerSide>> open_container(const NetnsFd& netns, Deadline deadline) {
  return run_in<ContainerSide>(netns, [&](const auto& here) { return Kernel<ContainerSide>::open(here, deadline); });
}

}  // namespace isthmus
