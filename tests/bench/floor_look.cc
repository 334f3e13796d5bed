#include <netinet/in.h>  // before any <linux/...>, because only in this order do the two agree on who defines what

#include "tests/bench/floor_look.h"

#include <linux/netconf.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <unistd.h>

#include "tests/bench/floor_message.h"

namespace isthmus::bench {

void look_at_link(int socket, int index, bool all) {
  Buffer link;
  link.begin(RTM_GETLINK, NLM_F_ACK, ifinfomsg{.ifi_index = index});
  carry_out(socket, link);
  if (!all) return;
  Buffer addresses;
  addresses.begin(RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{.ifa_index = static_cast<unsigned>(index)});
  carry_out(socket, addresses);
  Buffer routes;
  routes.begin(RTM_GETROUTE, NLM_F_DUMP, rtmsg{.rtm_family = AF_INET});
  routes.number(RTA_OIF, static_cast<std::uint32_t>(index));
  carry_out(socket, routes);
}

void look_at_masquerade() {
  int socket = open_netlink(NETLINK_NETFILTER, 0);
  Buffer message;
  nfgenmsg header{.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0, .res_id = 0};
  message.begin((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETTABLE, 0, header);
  message.text(NFTA_TABLE_NAME, "floor");
  message.begin((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETCHAIN, 0, header);
  message.text(NFTA_CHAIN_TABLE, "floor");
  message.text(NFTA_CHAIN_NAME, "postrouting");
  message.begin((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETRULE, NLM_F_DUMP, header);
  message.text(NFTA_RULE_TABLE, "floor");
  carry_out(socket, message, true);
  close(socket);
}

void look_for_link(int socket, const char* name) {
  Buffer message;
  message.begin(RTM_GETLINK, NLM_F_ACK, ifinfomsg{});
  message.text(IFLA_IFNAME, name);
  carry_out(socket, message);
}

void look_whether_forwarding(int socket, bool v6) {
  Buffer message;
  netconfmsg header{};
  header.ncm_family = v6 ? AF_INET6 : AF_INET;
  message.begin(RTM_GETNETCONF, NLM_F_ACK, header);
  message.number(NETCONFA_IFINDEX, static_cast<std::uint32_t>(NETCONFA_IFINDEX_ALL));
  carry_out(socket, message);
}

void look_for_uplink(int socket, bool v6) {
  const unsigned char somewhere[16] = {192, 0, 2, 1};
  rtmsg header{};
  header.rtm_family = v6 ? AF_INET6 : AF_INET;
  header.rtm_dst_len = v6 ? 128 : 32;
  Buffer message;
  message.begin(RTM_GETROUTE, NLM_F_ACK, header);
  message.bytes(RTA_DST, somewhere, v6 ? 16 : 4);
  carry_out(socket, message);
}

}  // namespace isthmus::bench
