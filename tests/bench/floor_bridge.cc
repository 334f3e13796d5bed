#include <netinet/in.h>  // before any <linux/...>, because only in this order do the two agree on who defines what

#include <linux/if_bridge.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "tests/bench/floor_look.h"
#include "tests/bench/floor_parts.h"

namespace isthmus::bench {
namespace {

constexpr const char* kBridge = "cni0";
constexpr unsigned char kLength4 = 16;
constexpr unsigned char kLength6 = 64;

// Once, before anything is measured.
int make_bridge(int host, const Asked& asked) {
  Buffer make;
  make.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, ifinfomsg{});
  make.text(IFLA_IFNAME, kBridge);
  auto info = make.open(IFLA_LINKINFO);
  make.text(IFLA_INFO_KIND, "bridge");
  make.close(info);
  carry_out(host, make);
  const int index = index_of(kBridge);
  if (asked.v6) put_setting(open_proc(), "%s/disable_ipv6", kBridge, "0");
  Buffer set;
  without_address_generation(set, index);
  if (asked.v4) address(set, index, asked.gateway4, false, kLength4);
  if (asked.v6) address(set, index, asked.gateway6, true, kLength6);
  up(set, index, nullptr, true);
  carry_out(host, set);
  return index;
}

void look_at_bridge(int host, int bridge, const Asked& asked) {
  look_at_link(host, bridge, false);
  Buffer addresses;
  addresses.begin(RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{});
  carry_out(host, addresses);
  look_for_link(host, asked.host_name);
  look_for_uplink(host, false);
  look_for_uplink(host, true);
  if (asked.v4) look_whether_forwarding(host, false);
  if (asked.v6) look_whether_forwarding(host, true);
}

void set_up_container(const Inside& inside, const Asked& asked) {
  put_setting(inside.proc, "%s/accept_ra", "eth0", "0");
  if (asked.v6) {
    put_setting(inside.proc, "%s/disable_ipv6", "lo", "0");
    put_setting(inside.proc, "%s/disable_ipv6", "eth0", "0");
    put_setting(inside.proc, "%s/keep_addr_on_down", "eth0", "1");
    put_setting(inside.proc, "%s/ndisc_notify", "eth0", "1");
  }
  const int index = index_of("eth0");
  const unsigned char link_local[16] = {
      0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, asked.address4[2], asked.address4[3]};
  Buffer message;
  up(message, 1, nullptr);
  without_address_generation(message, index, true);
  up(message, index, nullptr);
  if (asked.v6) address(message, index, link_local, true, kLength6);
  if (asked.v4) address(message, index, asked.address4, false, kLength4);
  if (asked.v6) address(message, index, asked.address6, true, kLength6);
  if (asked.v4) route(message, index, nullptr, asked.gateway4, false, !asked.v6);
  if (asked.v6) route(message, index, nullptr, asked.gateway6, true, true);
  carry_out(inside.socket, message);
}

void set_up_port(int host, int index) {
  Buffer message;
  message.begin(RTM_SETLINK, 0, ifinfomsg{.ifi_family = AF_BRIDGE, .ifi_index = index});
  auto port = message.open(IFLA_PROTINFO);
  const unsigned char on = 1;
  message.bytes(IFLA_BRPORT_MODE, &on, 1);
  message.close(port);
  without_address_generation(message, index);
  up(message, index, "floor", true);
  carry_out(host, message);
  look_at_link(host, index, false);  // whether it forwards
}

void neighbour(Buffer& message, int type, int flags, int bridge, bool v6, const void* to) {
  ndmsg header{};
  header.ndm_family = v6 ? AF_INET6 : AF_INET;
  header.ndm_ifindex = bridge;
  header.ndm_state = NUD_REACHABLE;
  message.begin(type, flags, header);
  message.bytes(NDA_DST, to, v6 ? 16 : 4);
}

// Where another container with this address is remembered.
void correct_neighbours(int host, int bridge, const Asked& asked) {
  Buffer message;
  const unsigned char mac[6] = {2, 2, 0, 0, asked.address4[2], asked.address4[3]};
  auto correct = [&](bool v6, const void* to, bool last) {
    neighbour(message, RTM_NEWNEIGH, NLM_F_REPLACE | (last ? NLM_F_ACK : 0), bridge, v6, to);
    message.bytes(NDA_LLADDR, mac, sizeof mac);
  };
  if (asked.v4) correct(false, asked.address4, !asked.v6);
  if (asked.v6) correct(true, asked.address6, true);
  carry_out(host, message);
}

// Setting the MAC it has makes the kernel say to all ports whose addresses these are.
void announce(const Inside& inside, const Asked& asked) {
  Buffer message;
  message.begin(RTM_NEWLINK, NLM_F_ACK, ifinfomsg{.ifi_index = index_of("eth0")});
  message.bytes(IFLA_ADDRESS, asked.mac().data(), asked.mac().size());
  carry_out(inside.socket, message);
}

}  // namespace

void forget_neighbours(Buffer& message, const Asked& asked) {
  const int bridge = index_of(kBridge);
  if (asked.v4) neighbour(message, RTM_DELNEIGH, 0, bridge, false, asked.address4);
  if (asked.v6) neighbour(message, RTM_DELNEIGH, 0, bridge, true, asked.address6);
}

void attach_to_bridge(const Asked& asked) {
  const int netns = open_netns();
  lease(asked, true);
  const int host = open_netlink(NETLINK_ROUTE, 0);
  const unsigned found = if_nametoindex(kBridge);
  const int bridge = found != 0 ? static_cast<int>(found) : make_bridge(host, asked);
  look_at_bridge(host, bridge, asked);
  if (asked.masquerade) look_at_masquerade();
  make_veth(host, asked, netns, bridge);
  const int port = index_of(asked.host_name);
  const Inside inside(netns);
  set_up_container(inside, asked);
  set_up_port(host, port);
  correct_neighbours(host, bridge, asked);
  announce(inside, asked);
}

}  // namespace isthmus::bench
