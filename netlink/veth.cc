// The one message that makes a veth pair with either end in its final namespace.
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include <cerrno>

#include "netlink/link.h"
#include "netlink/link_query.h"

namespace isthmus {
namespace {

// The default is one queue for each possible CPU, and veth then gives the spare ones back at two grace periods under
// RTNL; one is what a pod's link uses anyway until somebody attaches XDP.
void put_end(Message& message, const IfName& name, const MacAddress& mac, const std::optional<Mtu>& mtu) {
  message.put_text(IFLA_IFNAME, name.text());
  message.put_bytes(IFLA_ADDRESS, mac.bytes());
  if (mtu) message.put_u32(IFLA_MTU, mtu->octets());
  message.put_u32(IFLA_NUM_TX_QUEUES, 1);
  message.put_u32(IFLA_NUM_RX_QUEUES, 1);
}

void put_peer(Message& message, const VethSpec& spec, const NetnsFd& container_netns) {
  Message::Nest info(message, IFLA_LINKINFO);
  message.put_text(IFLA_INFO_KIND, "veth");
  Message::Nest data(message, IFLA_INFO_DATA);
  Message::Nest peer(message, VETH_INFO_PEER);
  message.header(ifinfomsg{});
  put_end(message, spec.container_name, spec.container_mac, spec.mtu);
  message.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(container_netns.ref().number()));
}

Message veth_message(const VethSpec& spec, const NetnsFd& container_netns) {
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO);
  message.header(ifinfomsg{});
  put_end(message, spec.host_name, spec.host_mac, spec.mtu);
  if (spec.master_ifindex) message.put_u32(IFLA_MASTER, static_cast<std::uint32_t>(*spec.master_ifindex));
  put_peer(message, spec, container_netns);
  return message;
}

// The host end as the kernel echoes it: its own index, and in IFLA_LINK the other end's in the other namespace.
void read_echo(const Reply& reply, const IfName& host_name, VethIndexes& indexes) {
  auto header = reply.header<ifinfomsg>();
  Attributes attributes = reply.attributes<ifinfomsg>();
  if (reply.type() != RTM_NEWLINK || !header || attributes.text(IFLA_IFNAME) != host_name.text()) return;
  indexes.host = header->ifi_index;
  indexes.container = static_cast<int>(attributes.u32(IFLA_LINK).value_or(0));
}

// Which of the two names was in the way; looked up on the error path only.
std::string taken_name(RouteConversation& host, RouteConversation& container, const VethSpec& spec) {
  auto on_host = find_link(host, spec.host_name);
  if (on_host && *on_host) return "the host has a link '" + spec.host_name.text() + "' already";
  auto inside = find_link(container, spec.container_name);
  if (inside && *inside) return "the container has a link '" + spec.container_name.text() + "' already";
  return {};
}

Error creation_error(Error error, RouteConversation& host, RouteConversation& container, const VethSpec& spec) {
  if (error.err == EEXIST) {
    if (std::string taken = taken_name(host, container, spec); !taken.empty()) error.detail = taken;
  }
  if (error.err == EOPNOTSUPP) error.hint = "see whether the running kernel has module 'veth': modprobe veth";
  return std::move(error).with_word("veth-create");
}

Result<int> index_of(RouteConversation& socket, const IfName& name) {
  TRY(auto link, find_link(socket, name));
  if (link) return link->ifindex;
  return Error{"find link", link_object(name.text()), ENODEV, "it vanished right after its creation", {}, {}};
}

Status look_up(VethIndexes& indexes, RouteConversation& host, RouteConversation& container, const VethSpec& spec) {
  if (indexes.host == 0) {
    TRY(indexes.host, index_of(host, spec.host_name));
  }
  if (indexes.container == 0) {
    TRY(indexes.container, index_of(container, spec.container_name));
  }
  return done;
}

// Deletes the pair by whichever end can be found. The error that led here is the one to report.
void take_back(RouteConversation& host, RouteConversation& container, const VethSpec& spec, const VethIndexes& made) {
  auto forget = [](const Reply&) {};
  if (made.host != 0) {
    (void)host.ask(delete_link_message(made.host), "delete link", {}, forget).operator bool();
    return;
  }
  auto inside = find_link(container, spec.container_name);
  if (!inside || !*inside || (*inside)->mac != spec.container_mac) return;
  (void)container.ask(delete_link_message((*inside)->ifindex), "delete link", {}, forget).operator bool();
}

}  // namespace

Result<VethIndexes> create_veth(RouteSocket<HostSide>& host,
                                RouteSocket<ContainerSide>& container,
                                const NetnsFd& container_netns,
                                const VethSpec& spec) {
  VethIndexes indexes;
  std::string pair = link_object(spec.host_name.text()) + " to " + link_object(spec.container_name.text());
  auto created = host.ask(veth_message(spec, container_netns), "create veth", pair,
                          [&](const Reply& reply) { read_echo(reply, spec.host_name, indexes); });
  if (!created) return creation_error(std::move(created).error(), host, container, spec);
  if (auto found = look_up(indexes, host, container, spec); !found) {
    take_back(host, container, spec, indexes);
    return std::move(found).error().with_word("veth-create");
  }
  return indexes;
}

}  // namespace isthmus
