// Links: what the kernel is asked to make and change, and what it says of them. (man 7 rtnetlink, linux/if_link.h)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "netlink/ip.h"
#include "netlink/names.h"
#include "netlink/route_socket.h"
#include "netns/netns_fd.h"

namespace isthmus {

// A veth pair made by one message from the host's socket: both ends in their final namespace under their final names.
// Moving an end later would cost an RCU barrier under RTNL and serialise the node.
struct VethSpec {
  IfName host_name;
  MacAddress host_mac;
  IfName container_name;
  MacAddress container_mac;
  std::optional<Mtu> mtu;             // kernel default when absent
  std::optional<int> master_ifindex;  // a bridge on the host
  bool operator==(const VethSpec&) const = default;
};

struct VethIndexes {
  int host = 0;       // ifindex in the host's namespace
  int container = 0;  // ifindex in the container's
};

// Created with one queue on either end; both down. The indexes come from the kernel's echo, or from look-ups by name on
// kernels that do not echo links. Fails with [veth-create]; err EEXIST means that one of the two names is taken.
Result<VethIndexes> create_veth(RouteSocket<HostSide>& host,
                                RouteSocket<ContainerSide>& container,
                                const NetnsFd& container_netns,
                                const VethSpec& spec);

// Changes to one link, all in one message but what IFLA_AF_SPEC carries, which has to take effect before `up` does and
// is therefore sent in a message of its own, first: flags are applied before IFLA_AF_SPEC within one.
struct LinkChange {
  bool up = false;
  bool promiscuous = false;
  std::optional<int> master_ifindex;  // becomes a port of this bridge
  std::optional<std::string> alias;   // IFLA_IFALIAS; cut to 255 bytes
  // IN6_ADDR_GEN_MODE_NONE: no link-local address by itself. Refused with EAFNOSUPPORT by a kernel without IPv6.
  bool no_ipv6_address_generation = false;
  bool arp_notify = false;  // net.ipv4.conf.NAME.arp_notify: announce addresses by ARP whenever the MAC is set
  // The MAC it has already, set once more: the kernel then announces the link's addresses to its neighbours, where
  // arp_notify and ndisc_notify are on (net/ipv4/devinet.c and net/ipv6/ndisc.c, NETDEV_CHANGEADDR).
  std::optional<MacAddress> announce_mac;
  bool operator==(const LinkChange&) const = default;
};
// `name` is for errors only.
void change_link(Batch& batch, int ifindex, const std::string& name, const LinkChange& change);

struct BridgePortFlags {
  bool hairpin = false;   // frames may go back out of the port they came from
  bool isolated = false;  // no frames from and to other isolated ports
  bool operator==(const BridgePortFlags&) const = default;
};

struct BridgePortInfo {
  std::uint8_t state = 0;  // BR_STATE_*: 3 is forwarding, 0 disabled (no carrier)
  BridgePortFlags flags;
};

struct LinkInfo {
  int ifindex = 0;
  std::string name;
  std::string kind;   // IFLA_INFO_KIND: "veth", "bridge"; empty for hardware
  std::string alias;  // IFLA_IFALIAS
  std::optional<MacAddress> mac;
  std::uint32_t mtu = 0;
  bool up = false;                  // IFF_UP
  bool running = false;             // IFF_RUNNING
  bool promiscuous = false;         // IFF_PROMISC as somebody set it; packet sniffers do not count
  std::optional<int> peer_ifindex;  // IFLA_LINK: a veth's other end, in the namespace of that end
  // IFLA_LINK_NETNSID: the number by which this namespace knows that of the other end; nullopt: it is the same.
  std::optional<int> peer_nsid;
  std::optional<int> master_ifindex;
  std::optional<BridgePortInfo> port;  // of a bridge
  std::optional<bool> vlan_filtering;  // of a bridge, on a kernel that has it
};

// One object, no dump, no statistics. nullopt: there is no such link.
Result<std::optional<LinkInfo>> find_link(RouteConversation& socket, const IfName& name);
Result<std::optional<LinkInfo>> find_link(RouteConversation& socket, int ifindex);

// Every link of the namespace. A dump: for what is not on the way of ADD or DEL.
Result<std::vector<LinkInfo>> list_links(RouteConversation& socket);

// Deletes the link with this index and waits until the kernel has finished with it (an RCU barrier, about 15 ms).
// Absent is done. Fails with [link-delete].
Status delete_link(RouteSocket<HostSide>& host, int ifindex, const std::string& name);

}  // namespace isthmus
