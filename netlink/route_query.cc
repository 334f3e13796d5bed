// What the kernel says of routes.
#include <linux/rtnetlink.h>

#include <cerrno>

#include "netlink/route.h"

namespace isthmus {
namespace {

std::optional<IpAddress> read_gateway(const Attributes& attributes) {
  if (auto gateway = attributes.bytes(RTA_GATEWAY)) return IpAddress::from_bytes(*gateway);
  auto via = attributes.bytes(RTA_VIA);
  if (!via || via->size() < sizeof(rtvia)) return std::nullopt;
  return IpAddress::from_bytes(via->subspan(sizeof(rtvia)));
}

std::optional<Prefix> read_destination(const rtmsg& header, const Attributes& attributes, Family family) {
  auto bytes = attributes.bytes(RTA_DST);
  auto address = bytes ? IpAddress::from_bytes(*bytes) : IpAddress::any(family);
  if (!address || address->family() != family) return std::nullopt;
  auto prefix = Prefix::from(*address, header.rtm_dst_len);
  if (!prefix) return std::nullopt;
  return *prefix;
}

std::optional<RouteInfo> read_route(const Reply& reply, Family family) {
  auto header = reply.header<rtmsg>();
  if (reply.type() != RTM_NEWROUTE || !header || header->rtm_family != IpAddress::any(family).af()) return std::nullopt;
  Attributes attributes = reply.attributes<rtmsg>();
  auto destination = read_destination(*header, attributes, family);
  if (!destination) return std::nullopt;
  RouteInfo route{*destination, read_gateway(attributes)};
  route.out_ifindex = static_cast<int>(attributes.u32(RTA_OIF).value_or(0));
  route.table = attributes.u32(RTA_TABLE).value_or(header->rtm_table);
  route.priority = attributes.u32(RTA_PRIORITY).value_or(0);
  route.scope = header->rtm_scope;
  route.protocol = header->rtm_protocol;
  route.type = header->rtm_type;
  // What kernels without strict checking (before 4.20) put into the dump as well: cached clones and other types.
  if ((header->rtm_flags & RTM_F_CLONED) != 0 || route.type != RTN_UNICAST) return std::nullopt;
  if (route.table == RT_TABLE_LOCAL) return std::nullopt;
  return route;
}

Result<std::vector<RouteInfo>> list_family(RouteConversation& socket, Family family) {
  std::vector<RouteInfo> found;
  rtmsg header{};
  header.rtm_family = static_cast<std::uint8_t>(IpAddress::any(family).af());
  header.rtm_type = RTN_UNICAST;
  Message request(RTM_GETROUTE, 0);
  request.header(header);
  auto read = [&](const Reply& reply) {
    if (auto route = read_route(reply, family)) found.push_back(*route);
  };
  TRY_OK(socket.dump(
      std::move(request), "list routes", [&] { found.clear(); }, read));
  return found;
}

// The answers of a routing table that leads nowhere: no route, or one of type unreachable, prohibit or blackhole.
bool leads_nowhere(int err) { return err == ENETUNREACH || err == EHOSTUNREACH || err == EACCES || err == EINVAL; }

}  // namespace

Result<std::vector<RouteInfo>> list_routes(RouteConversation& socket) {
  TRY(auto routes, list_family(socket, Family::v4));
  TRY(auto v6, list_family(socket, Family::v6));
  routes.insert(routes.end(), v6.begin(), v6.end());
  return routes;
}

Result<std::optional<int>> outgoing_link(RouteConversation& socket, const IpAddress& destination) {
  std::optional<int> link;
  rtmsg header{};
  header.rtm_family = static_cast<std::uint8_t>(destination.af());
  header.rtm_dst_len = static_cast<std::uint8_t>(destination.bits());
  Message request(RTM_GETROUTE, 0);
  request.header(header);
  request.put_bytes(RTA_DST, destination.bytes());
  auto answer = socket.query(std::move(request), "look up the route to", destination.text(), [&](const Reply& reply) {
    if (auto index = reply.attributes<rtmsg>().u32(RTA_OIF)) link = static_cast<int>(*index);
  });
  if (!answer && !leads_nowhere(answer.error().err)) return std::move(answer).error();
  return link;
}

}  // namespace isthmus
