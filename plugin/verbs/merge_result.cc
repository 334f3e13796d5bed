#include "plugin/verbs/merge_result.h"

namespace isthmus {

CniResult merge_result(const std::optional<CniResult>& previous, const OwnPart& own, const std::string& netns) {
  CniResult result = previous.value_or(CniResult{});
  const std::uint32_t mtu = own.veth.mtu ? own.veth.mtu->octets() : 0;
  result.interfaces.push_back({.name = own.veth.host_name.text(), .mac = own.veth.host_mac.text(), .mtu = mtu});
  result.interfaces.push_back(
      {.name = own.veth.container_name.text(), .mac = own.veth.container_mac.text(), .mtu = mtu, .sandbox = netns});
  const auto index = static_cast<std::int64_t>(result.interfaces.size()) - 1;
  for (const auto& leased : own.lease.addresses) {
    // The address as it is on the interface: a host prefix.
    result.ips.push_back({Prefix::host(leased.address.address()), leased.gateway, index});
  }
  result.routes.insert(result.routes.end(), own.routes.begin(), own.routes.end());
  if (!own.dns.empty()) result.dns = own.dns;
  return result;
}

}  // namespace isthmus
