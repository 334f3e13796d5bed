// The result of ADD: what came before in the chain, and behind it our own part.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "netlink/link.h"
#include "plugin/cni/cni_result.h"
#include "plugin/ipam/lease.h"

namespace isthmus {

struct OwnPart {
  VethSpec veth;
  Lease lease;
  std::vector<RouteSpec> routes;
  CniDns dns;
};

// Keeps everything of prevResult and appends the host's end, the container's end, addresses and routes, with indexes
// shifted. Our dns takes the place of prevResult's when it says anything.
CniResult merge_result(const std::optional<CniResult>& previous, const OwnPart& own, const std::string& netns);

}  // namespace isthmus
