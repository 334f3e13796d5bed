#include "netlink/forwarding.h"

#include <linux/netconf.h>
#include <linux/rtnetlink.h>

namespace isthmus {

Result<bool> forwards(RouteConversation& socket, Family family) {
  netconfmsg header{};
  header.ncm_family = static_cast<std::uint8_t>(IpAddress::any(family).af());
  Message request(RTM_GETNETCONF, 0);
  request.header(header);
  request.put_u32(NETCONFA_IFINDEX, static_cast<std::uint32_t>(NETCONFA_IFINDEX_ALL));
  bool forwards = false;
  TRY_OK(socket.query(std::move(request), "ask whether the host forwards", family == Family::v4 ? "IPv4" : "IPv6",
                      [&](const Reply& reply) {
                        forwards = reply.attributes<netconfmsg>().u32(NETCONFA_FORWARDING).value_or(0) != 0;
                      }));
  return forwards;
}

}  // namespace isthmus
