#include "netlink/route.h"

#include <linux/rtnetlink.h>

#include "netlink/link_query.h"

namespace isthmus {
namespace {

constexpr std::uint32_t kLargestShortTable = 255;  // what rtm_table can say

std::uint32_t table_of(const RouteSpec& spec) { return spec.table.value_or(RT_TABLE_MAIN); }

rtmsg header_of(const RouteSpec& spec) {
  rtmsg header{};
  header.rtm_family = static_cast<std::uint8_t>(spec.destination.address().af());
  header.rtm_dst_len = static_cast<std::uint8_t>(spec.destination.length());
  header.rtm_protocol = kRouteProtocol;
  header.rtm_type = RTN_UNICAST;
  header.rtm_scope = spec.scope.value_or(spec.gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
  if (table_of(spec) <= kLargestShortTable) header.rtm_table = static_cast<std::uint8_t>(table_of(spec));
  if (spec.onlink) header.rtm_flags = RTNH_F_ONLINK;
  return header;
}

void put_gateway(Message& message, const RouteSpec& spec) {
  if (spec.gateway->family() == spec.destination.family()) {
    message.put_bytes(RTA_GATEWAY, spec.gateway->bytes());
    return;
  }
  // struct rtvia: the family in host order, then the address.
  auto family = static_cast<std::uint16_t>(spec.gateway->af());
  std::vector<std::uint8_t> via(sizeof family);
  __builtin_memcpy(via.data(), &family, sizeof family);
  via.insert(via.end(), spec.gateway->bytes().begin(), spec.gateway->bytes().end());
  message.put_bytes(RTA_VIA, via);
}

void put_metrics(Message& message, const RouteSpec& spec) {
  if (!spec.mtu && !spec.advmss) return;
  Message::Nest metrics(message, RTA_METRICS);
  if (spec.mtu) message.put_u32(RTAX_MTU, *spec.mtu);
  if (spec.advmss) message.put_u32(RTAX_ADVMSS, *spec.advmss);
}

}  // namespace

std::string describe(const RouteSpec& spec) {
  std::string out = spec.destination.network().text();
  auto append = [&](const char* key, const std::optional<std::uint32_t>& value) {
    if (value) out += std::string(" ") + key + " " + std::to_string(*value);
  };
  if (spec.gateway) out += " via " + spec.gateway->text();
  if (spec.onlink) out += " onlink";
  if (spec.scope) append("scope", *spec.scope);
  append("table", spec.table);
  append("metric", spec.priority);
  append("mtu", spec.mtu);
  append("advmss", spec.advmss);
  return out;
}

void add_route(Batch& batch, int ifindex, const std::string& name, const RouteSpec& spec, bool replace) {
  Message message(RTM_NEWROUTE, NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL));
  message.header(header_of(spec));
  if (!spec.destination.is_default()) message.put_bytes(RTA_DST, spec.destination.network().address().bytes());
  if (spec.gateway) put_gateway(message, spec);
  message.put_u32(RTA_OIF, static_cast<std::uint32_t>(ifindex));
  if (spec.priority) message.put_u32(RTA_PRIORITY, *spec.priority);
  if (table_of(spec) > kLargestShortTable) message.put_u32(RTA_TABLE, table_of(spec));
  put_metrics(message, spec);
  batch.add(std::move(message), replace ? "replace route" : "add route",
            "'" + describe(spec) + "' on " + link_object(name));
}

}  // namespace isthmus
