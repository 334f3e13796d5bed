// What IPAM gave to one attachment.
#pragma once

#include <optional>
#include <vector>

#include "plugin/cni/cni_result.h"

namespace isthmus {

struct LeasedAddress {
  Prefix address;  // with the subnet's length
  std::optional<IpAddress> gateway;
  bool operator==(const LeasedAddress&) const = default;
};

struct Lease {
  std::vector<LeasedAddress> addresses;
  std::vector<RouteSpec> routes;
  CniDns dns;
  bool operator==(const Lease&) const = default;
};

}  // namespace isthmus
