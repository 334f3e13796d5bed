#include "netlink/neighbour.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <cerrno>

#include "netlink/link_query.h"

namespace isthmus {
namespace {

Message neighbour_message(std::uint16_t type, std::uint16_t flags, int ifindex, const IpAddress& address) {
  ndmsg header{};
  header.ndm_family = static_cast<std::uint8_t>(address.af());
  header.ndm_ifindex = ifindex;
  header.ndm_state = NUD_REACHABLE;
  Message message(type, flags);
  message.header(header);
  message.put_bytes(NDA_DST, address.bytes());
  return message;
}

std::string object_of(const IpAddress& address, const std::string& name) {
  return "'" + address.text() + "' on " + link_object(name);
}

}  // namespace

Status correct_neighbour(RouteConversation& socket, int ifindex, const std::string& name, const NeighbourSpec& spec) {
  Message message = neighbour_message(RTM_NEWNEIGH, NLM_F_REPLACE, ifindex, spec.address);
  message.put_bytes(NDA_LLADDR, spec.mac.bytes());
  auto answer = socket.ask(std::move(message), "set neighbour", object_of(spec.address, name), [](const Reply&) {});
  if (answer || answer.error().err == ENOENT) return done;
  return answer;
}

Message delete_neighbour_message(const NeighbourRef& neighbour) {
  return neighbour_message(RTM_DELNEIGH, 0, neighbour.ifindex, neighbour.address);
}

Status delete_neighbour(RouteConversation& socket, const NeighbourRef& neighbour) {
  auto answer = socket.ask(delete_neighbour_message(neighbour), "delete neighbour",
                           "'" + neighbour.address.text() + "' on link number " + std::to_string(neighbour.ifindex),
                           [](const Reply&) {});
  if (answer || answer.error().err == ENOENT || answer.error().err == ENODEV) return done;
  return answer;
}

}  // namespace isthmus
