// CHECK: what ADD made, compared with what is there. Reads only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "netlink/address.h"
#include "netlink/link.h"
#include "netlink/route.h"
#include "plugin/attachment/kernel.h"
#include "plugin/attachment/record.h"
#include "plugin/cni/cni_result.h"

namespace isthmus {

struct Expectation {
  const AttachmentKey& key;
  const std::string& netns;  // CNI_NETNS
  const Settings& settings;  // of the configuration CHECK came with
  const CniResult& prev_result;
  const std::optional<Record>& record;  // nullopt when the state directory was lost: then only prevResult speaks
};

// What CHECK needs to know of the container.
struct ContainerView {
  std::optional<LinkInfo> link;
  std::vector<AddressInfo> addresses;  // of the link
  std::vector<RouteInfo> routes;
};
Result<ContainerView> look_into_container(RouteSocket<ContainerSide>& container, const IfName& ifname);

// Every difference, each one line. Only what this plugin made counts, and a later plugin of the chain may have changed
// the MAC (prevResult then says so), the MTU, or a route's table. Fails when the kernel cannot be read.
Result<std::vector<std::string>> differences(const Expectation& expected,
                                             RouteSocket<HostSide>& host,
                                             const ContainerView& container,
                                             Deadline deadline);

// In check_bridge.cc: the bridge, its port, the gateway's addresses on the host, and the MAC guard.
Status compare_bridge(std::vector<std::string>& found,
                      const Expectation& expected,
                      const LinkInfo& port,
                      RouteSocket<HostSide>& host,
                      Deadline deadline);

// The addresses of this attachment that prevResult still has.
std::vector<IpAddress> expected_addresses(const Expectation& expected);

}  // namespace isthmus
