#include "netlink/link_list.h"

#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>

#include <cerrno>

#include "netlink/link_query.h"

namespace isthmus {
namespace {

Result<std::optional<int>> nsid_of(RouteConversation& socket, int by, std::uint32_t which, const std::string& object) {
  std::optional<int> nsid;
  Message request(RTM_GETNSID, 0);
  request.header(rtgenmsg{});
  request.put_u32(by, which);
  auto answer = socket.ask(std::move(request), "look up the network namespace", object, [&](const Reply& reply) {
    auto number = reply.attributes<rtgenmsg>().u32(NETNSA_NSID);
    if (number && static_cast<int>(*number) >= 0) nsid = static_cast<int>(*number);
  });
  if (!answer && answer.error().err != ESRCH) return std::move(answer).error();
  return nsid;
}

}  // namespace

Result<std::vector<ListedLink>> list_links(RouteConversation& socket) {
  std::vector<ListedLink> links;
  Message request(RTM_GETLINK, 0);
  request.header(ifinfomsg{});
  request.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  auto read = [&](const Reply& reply) {
    auto link = read_link(reply);
    if (!link) return;
    auto nsid = reply.attributes<ifinfomsg>().u32(IFLA_LINK_NETNSID);
    links.push_back({*std::move(link), nsid ? std::optional<int>(static_cast<int>(*nsid)) : std::nullopt});
  };
  TRY_OK(socket.dump(
      std::move(request), "list links", [&] { links.clear(); }, read));
  return links;
}

Result<std::optional<int>> nsid_of_task(RouteConversation& socket, pid_t tid) {
  return nsid_of(socket, NETNSA_PID, static_cast<std::uint32_t>(tid), "of task " + std::to_string(tid));
}

Result<std::optional<int>> nsid_of_netns(RouteConversation& socket, FdRef netns) {
  return nsid_of(socket, NETNSA_FD, static_cast<std::uint32_t>(netns.number()), "of a descriptor");
}

}  // namespace isthmus
