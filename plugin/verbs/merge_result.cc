#include "plugin/verbs/merge_result.h"

namespace isthmus {

CniResult merge_result(const std::optional<CniResult>& previous,
                       const Design& own,
                       const CniDns& dns,
                       const std::string& netns) {
  CniResult result = previous.value_or(CniResult{});
  const std::uint32_t mtu = own.veth.mtu ? own.veth.mtu->octets() : 0;
  if (own.bridge) result.interfaces.push_back({.name = own.bridge->name.text(), .mac = own.bridge->mac.text()});
  result.interfaces.push_back({.name = own.veth.host_name.text(), .mac = own.veth.host_mac.text(), .mtu = mtu});
  result.interfaces.push_back(
      {.name = own.veth.container_name.text(), .mac = own.veth.container_mac.text(), .mtu = mtu, .sandbox = netns});
  const auto index = static_cast<std::int64_t>(result.interfaces.size()) - 1;
  for (const auto& leased : own.addresses)
    result.ips.push_back({leased.address, leased.gateway, index});
  result.routes.insert(result.routes.end(), own.routes.begin(), own.routes.end());
  if (!dns.empty()) result.dns = dns;
  return result;
}

}  // namespace isthmus
