#include "netlink/link.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>

#include "netlink/link_query.h"

namespace isthmus {
namespace {

constexpr std::size_t kLongestAlias = IFALIASZ - 1;

Result<bool> query(RouteConversation& socket,
                   Message request,
                   const std::string& object,
                   const std::function<void(const Reply&)>& read) {
  // Statistics are most of the reply and half of its price.
  request.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  auto answer = socket.query(std::move(request), "look up link", object, read);
  if (answer) return true;
  if (answer.error().err == ENODEV) return false;
  return std::move(answer).error();
}

std::optional<BridgePortInfo> read_port(const Attributes& info) {
  auto port = info.nest(IFLA_INFO_SLAVE_DATA);
  if (!port || info.text(IFLA_INFO_SLAVE_KIND) != "bridge") return std::nullopt;
  BridgePortInfo out;
  out.state = port->u8(IFLA_BRPORT_STATE).value_or(0);
  out.flags.hairpin = port->u8(IFLA_BRPORT_MODE).value_or(0) != 0;
  out.flags.isolated = port->u8(IFLA_BRPORT_ISOLATED).value_or(0) != 0;
  return out;
}

std::optional<LinkInfo> read_link(const Reply& reply) {
  auto header = reply.header<ifinfomsg>();
  if (reply.type() != RTM_NEWLINK || !header) return std::nullopt;
  Attributes attributes = reply.attributes<ifinfomsg>();
  LinkInfo link;
  link.ifindex = header->ifi_index;
  link.up = (header->ifi_flags & IFF_UP) != 0;
  link.running = (header->ifi_flags & IFF_RUNNING) != 0;
  link.promiscuous = (header->ifi_flags & IFF_PROMISC) != 0;
  link.name = attributes.text(IFLA_IFNAME).value_or("");
  link.alias = attributes.text(IFLA_IFALIAS).value_or("");
  link.mtu = attributes.u32(IFLA_MTU).value_or(0);
  if (auto info = attributes.nest(IFLA_LINKINFO)) {
    link.kind = info->text(IFLA_INFO_KIND).value_or("");
    auto data = info->nest(IFLA_INFO_DATA);
    auto filtering = data && link.kind == "bridge" ? data->u8(IFLA_BR_VLAN_FILTERING) : std::nullopt;
    if (filtering) link.vlan_filtering = *filtering != 0;
    link.port = read_port(*info);
  }
  if (auto mac = attributes.bytes(IFLA_ADDRESS); mac && mac->size() == 6) {
    link.mac = MacAddress::from_kernel(mac->data());
  }
  auto index = [](std::uint32_t value) { return static_cast<int>(value); };
  if (auto peer = attributes.u32(IFLA_LINK); peer && *peer != 0) link.peer_ifindex = index(*peer);
  if (auto nsid = attributes.u32(IFLA_LINK_NETNSID)) link.peer_nsid = index(*nsid);
  if (auto master = attributes.u32(IFLA_MASTER); master && *master != 0) link.master_ifindex = index(*master);
  return link;
}

template <class Key>
Result<std::optional<LinkInfo>> find(RouteConversation& socket, const Key& key) {
  std::optional<LinkInfo> link;
  TRY(bool there, query_link(socket, key, [&](const Reply& reply) { link = read_link(reply); }));
  if (!there) link.reset();
  return link;
}

Message change_message(int ifindex, unsigned flags) {
  Message message(RTM_NEWLINK, 0);
  ifinfomsg header{};
  header.ifi_index = ifindex;
  header.ifi_flags = flags;
  header.ifi_change = flags;
  message.header(header);
  return message;
}

void put_families(Message& message, const LinkChange& change) {
  Message::Nest families(message, IFLA_AF_SPEC);
  if (change.arp_notify) {
    Message::Nest ipv4(message, AF_INET);
    Message::Nest settings(message, IFLA_INET_CONF);
    message.put_u32(IPV4_DEVCONF_ARP_NOTIFY, 1);
  }
  if (change.no_ipv6_address_generation) {
    Message::Nest ipv6(message, AF_INET6);
    message.put_u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
  }
}

}  // namespace

Result<bool> query_link(RouteConversation& socket, const IfName& name, const std::function<void(const Reply&)>& read) {
  Message request(RTM_GETLINK, 0);
  request.header(ifinfomsg{});
  request.put_text(IFLA_IFNAME, name.text());
  return query(socket, std::move(request), link_object(name.text()), read);
}

Result<bool> query_link(RouteConversation& socket, int ifindex, const std::function<void(const Reply&)>& read) {
  Message request(RTM_GETLINK, 0);
  ifinfomsg header{};
  header.ifi_index = ifindex;
  request.header(header);
  return query(socket, std::move(request), "number " + std::to_string(ifindex), read);
}

Message delete_link_message(int ifindex) {
  Message message(RTM_DELLINK, 0);
  ifinfomsg header{};
  header.ifi_index = ifindex;
  message.header(header);
  return message;
}

void change_link(Batch& batch, int ifindex, const std::string& name, const LinkChange& change) {
  if (change.no_ipv6_address_generation || change.arp_notify) {
    Message message = change_message(ifindex, 0);
    put_families(message, change);
    batch.add(std::move(message), "change the address families of", link_object(name));
  }
  unsigned flags = 0;
  if (change.up) flags |= IFF_UP;
  if (change.promiscuous) flags |= IFF_PROMISC;
  if (flags == 0 && !change.alias && !change.announce_mac && !change.master_ifindex) return;
  Message message = change_message(ifindex, flags);
  if (change.master_ifindex) message.put_u32(IFLA_MASTER, static_cast<std::uint32_t>(*change.master_ifindex));
  if (change.announce_mac) message.put_bytes(IFLA_ADDRESS, change.announce_mac->bytes());
  if (change.alias) {
    // Without the final NUL: the kernel would count it towards the length and keep it.
    std::string_view alias = std::string_view(*change.alias).substr(0, kLongestAlias);
    message.put_bytes(IFLA_IFALIAS, {reinterpret_cast<const std::uint8_t*>(alias.data()), alias.size()});
  }
  batch.add(std::move(message), change.up ? "set up link" : "change link", link_object(name));
}

Result<std::optional<LinkInfo>> find_link(RouteConversation& socket, const IfName& name) { return find(socket, name); }

Result<std::optional<LinkInfo>> find_link(RouteConversation& socket, int ifindex) { return find(socket, ifindex); }

Result<std::vector<LinkInfo>> list_links(RouteConversation& socket) {
  std::vector<LinkInfo> links;
  Message request(RTM_GETLINK, 0);
  request.header(ifinfomsg{});
  request.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  auto read = [&](const Reply& reply) {
    if (auto link = read_link(reply)) links.push_back(*std::move(link));
  };
  TRY_OK(socket.dump(
      std::move(request), "list links", [&] { links.clear(); }, read));
  return links;
}

Status delete_link(RouteSocket<HostSide>& host, int ifindex, const std::string& name) {
  auto answer = host.ask(delete_link_message(ifindex), "delete link", link_object(name), [](const Reply&) {});
  if (answer || answer.error().err == ENODEV) return done;
  return std::move(answer).error().with_word("link-delete");
}

}  // namespace isthmus
