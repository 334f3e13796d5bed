#include "netlink/nsid.h"

#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>

#include <cerrno>

namespace isthmus {
namespace {

Result<std::optional<int>> nsid_of(RouteConversation& socket, int by, std::uint32_t which, const std::string& object) {
  std::optional<int> nsid;
  Message request(RTM_GETNSID, 0);
  request.header(rtgenmsg{});
  request.put_u32(by, which);
  auto answer = socket.query(std::move(request), "look up the network namespace", object, [&](const Reply& reply) {
    auto number = reply.attributes<rtgenmsg>().u32(NETNSA_NSID);
    if (number && static_cast<int>(*number) >= 0) nsid = static_cast<int>(*number);
  });
  if (!answer && answer.error().err != ESRCH) return std::move(answer).error();
  return nsid;
}

}  // namespace

Result<std::optional<int>> nsid_of_task(RouteConversation& socket, pid_t tid) {
  return nsid_of(socket, NETNSA_PID, static_cast<std::uint32_t>(tid), "of task " + std::to_string(tid));
}

Result<std::optional<int>> nsid_of_netns(RouteConversation& socket, FdRef netns) {
  return nsid_of(socket, NETNSA_FD, static_cast<std::uint32_t>(netns.number()), "of a descriptor");
}

}  // namespace isthmus
