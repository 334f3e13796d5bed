#include "netlink/bridge_vlan.h"

#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>

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

// VLAN -> BRIDGE_VLAN_INFO_* flags of one port.
using Members = std::map<std::uint16_t, std::uint16_t>;

void read_members(const Reply& reply, int ifindex, Members& members) {
  auto header = reply.header<ifinfomsg>();
  if (reply.type() != RTM_NEWLINK || !header || header->ifi_index != ifindex) return;
  auto spec = reply.attributes<ifinfomsg>().nest(IFLA_AF_SPEC);
  if (!spec) return;
  for (auto bytes : spec->all(IFLA_BRIDGE_VLAN_INFO)) {
    bridge_vlan_info info{};
    if (bytes.size() != sizeof info) continue;
    std::memcpy(&info, bytes.data(), sizeof info);
    members[info.vid] = info.flags;
  }
}

}  // namespace

Result<std::vector<std::string>> port_vlan_differences(RouteConversation& socket,
                                                       int ifindex,
                                                       const PortVlans& wanted) {
  Members members;
  Message request(RTM_GETLINK, 0);
  ifinfomsg header{};
  header.ifi_family = AF_BRIDGE;
  request.header(header);
  request.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_BRVLAN);
  TRY_OK(socket.dump(
      std::move(request), "list bridge VLANs", [&] { members.clear(); },
      [&](const Reply& reply) { read_members(reply, ifindex, members); }));
  std::vector<std::string> lines;
  for (const VlanRange& range : wanted.tagged) {
    for (unsigned vlan = range.first; vlan <= range.last; ++vlan) {
      if (members.contains(static_cast<std::uint16_t>(vlan))) continue;
      lines.push_back("it is not in VLAN " + std::to_string(vlan));
      break;  // one for each range will do
    }
  }
  constexpr int kUntagged = BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED;
  if (wanted.untagged) {
    auto at = members.find(*wanted.untagged);
    if (at == members.end() || (at->second & kUntagged) != kUntagged)
      lines.push_back("VLAN " + std::to_string(*wanted.untagged) + " is not its untagged one");
  }
  bool in_ranges = std::any_of(wanted.tagged.begin(), wanted.tagged.end(),
                               [](const VlanRange& range) { return range.first <= kDefaultVlan; });
  if (wanted.drop_default && !in_ranges && members.contains(kDefaultVlan)) lines.push_back("it is in VLAN 1");
  return lines;
}

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
