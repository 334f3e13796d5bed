#include "netlink/bridge_vlan.h"

#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "netlink/link.h"
#include "netlink/link_query.h"

namespace isthmus {
namespace {

void put_vlan(Message& message, std::uint16_t vlan, int flags) {
  bridge_vlan_info info{};
  info.vid = vlan;
  info.flags = static_cast<std::uint16_t>(flags);
  std::array<std::uint8_t, sizeof info> bytes;
  std::memcpy(bytes.data(), &info, sizeof info);
  message.put_bytes(IFLA_BRIDGE_VLAN_INFO, bytes);
}

Message bridge_message_about(std::uint16_t type, int ifindex) {
  ifinfomsg header{};
  header.ifi_family = AF_BRIDGE;
  header.ifi_index = ifindex;
  Message message(type, 0);
  message.header(header);
  return message;
}

void put_members(Message& message, const PortVlans& vlans) {
  Message::Nest members(message, IFLA_AF_SPEC);
  for (const VlanRange& range : vlans.tagged) {
    if (range.first == range.last) {
      put_vlan(message, range.first, 0);
    } else {
      put_vlan(message, range.first, BRIDGE_VLAN_INFO_RANGE_BEGIN);
      put_vlan(message, range.last, BRIDGE_VLAN_INFO_RANGE_END);
    }
  }
  // The last word on a VLAN that is in a range too.
  if (vlans.untagged) put_vlan(message, *vlans.untagged, BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);
}

}  // namespace

void set_port_vlans(Batch& batch, int ifindex, const std::string& name, const PortVlans& vlans) {
  if (vlans.drop_default) {
    Message message = bridge_message_about(RTM_DELLINK, ifindex);
    {
      Message::Nest members(message, IFLA_AF_SPEC);
      put_vlan(message, kDefaultVlan, 0);
    }
    batch.add(std::move(message), "take VLAN 1 from bridge port", link_object(name));
  }
  if (!vlans.untagged && vlans.tagged.empty()) return;
  Message message = bridge_message_about(RTM_SETLINK, ifindex);
  put_members(message, vlans);
  batch.add(std::move(message), "set the VLANs of bridge port", link_object(name));
}

void join_bridge_vlan(Batch& batch, int bridge_ifindex, const std::string& name, std::uint16_t vlan) {
  Message message = bridge_message_about(RTM_SETLINK, bridge_ifindex);
  {
    Message::Nest members(message, IFLA_AF_SPEC);
    message.put_u16(IFLA_BRIDGE_FLAGS, BRIDGE_FLAGS_SELF);
    put_vlan(message, vlan, BRIDGE_VLAN_INFO_BRENTRY);
  }
  batch.add(std::move(message), "join VLAN " + std::to_string(vlan) + " of bridge", link_object(name));
}

Result<int> create_vlan_link(RouteSocket<HostSide>& host, const IfName& name, int lower_ifindex, std::uint16_t vlan) {
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  message.header(ifinfomsg{});
  message.put_text(IFLA_IFNAME, name.text());
  message.put_u32(IFLA_LINK, static_cast<std::uint32_t>(lower_ifindex));
  {
    Message::Nest info(message, IFLA_LINKINFO);
    message.put_text(IFLA_INFO_KIND, "vlan");
    Message::Nest data(message, IFLA_INFO_DATA);
    message.put_u16(IFLA_VLAN_ID, vlan);
  }
  auto created = host.ask(std::move(message), "create VLAN link", link_object(name.text()), [](const Reply&) {});
  if (!created) return std::move(created).error().with_word("vlan-create");
  TRY(auto link, find_link(host, name));
  if (link) return link->ifindex;
  return Error{
      "find VLAN link", link_object(name.text()), ENODEV, "it vanished right after its creation", "vlan-create", {}};
}

}  // namespace isthmus
