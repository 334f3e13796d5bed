#include "netlink/bridge.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>

#include "netlink/link.h"
#include "netlink/link_query.h"

namespace isthmus {
namespace {

void put_kind(Message& message, const BridgeSpec& spec) {
  Message::Nest info(message, IFLA_LINKINFO);
  message.put_text(IFLA_INFO_KIND, "bridge");
  // Off is the default, and a kernel without the feature refuses to hear of it at all.
  if (!spec.vlan_filtering) return;
  Message::Nest data(message, IFLA_INFO_DATA);
  message.put_u8(IFLA_BR_VLAN_FILTERING, 1);
}

Message bridge_message(const BridgeSpec& spec) {
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO);
  message.header(ifinfomsg{});
  message.put_text(IFLA_IFNAME, spec.name.text());
  message.put_bytes(IFLA_ADDRESS, spec.mac.bytes());
  if (spec.mtu) message.put_u32(IFLA_MTU, spec.mtu->octets());
  put_kind(message, spec);
  return message;
}

}  // namespace

Result<int> create_bridge(RouteSocket<HostSide>& host, const BridgeSpec& spec) {
  int ifindex = 0;
  auto created =
      host.ask(bridge_message(spec), "create bridge", link_object(spec.name.text()), [&](const Reply& reply) {
        auto header = reply.header<ifinfomsg>();
        if (reply.type() == RTM_NEWLINK && header) ifindex = header->ifi_index;
      });
  if (!created) return std::move(created).error().with_word("bridge-create");
  if (ifindex != 0) return ifindex;
  // Kernels before 6.2 do not echo links.
  TRY(auto link, find_link(host, spec.name));
  if (link) return link->ifindex;
  return Error{"find bridge",   link_object(spec.name.text()),
               ENODEV,          "it vanished right after its creation",
               "bridge-create", {}};
}

void set_bridge_port(Batch& batch, int ifindex, const std::string& name, const BridgePortFlags& flags) {
  ifinfomsg header{};
  header.ifi_family = AF_BRIDGE;
  header.ifi_index = ifindex;
  Message message(RTM_SETLINK, 0);
  message.header(header);
  {
    Message::Nest port(message, IFLA_PROTINFO);
    message.put_u8(IFLA_BRPORT_MODE, flags.hairpin ? 1 : 0);
    message.put_u8(IFLA_BRPORT_ISOLATED, flags.isolated ? 1 : 0);
  }
  batch.add(std::move(message), "set bridge port", link_object(name));
}

}  // namespace isthmus
