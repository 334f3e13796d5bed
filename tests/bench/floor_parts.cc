#include <netinet/in.h>  // before any <linux/...>, because only in this order do the two agree on who defines what

#include "tests/bench/floor_parts.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace isthmus::bench {
namespace {

constexpr unsigned char kProtocol = 73;

}  // namespace

Asked read_request() {
  static char text[65536];
  ssize_t size = 0;
  for (ssize_t got = 0; (got = read(0, text + size, sizeof text - 1 - static_cast<std::size_t>(size))) > 0;)
    size += got;
  Asked asked;
  asked.v4 = std::strstr(text, "10.90.") != nullptr;
  asked.v6 = std::strstr(text, "fd00:") != nullptr;
  asked.masquerade = std::strstr(text, "\"ipMasq\": true") != nullptr;
  asked.bridge = std::strstr(text, "\"cni0\"") != nullptr;
  asked.number = static_cast<unsigned>(std::atoi(std::getenv("CNI_CONTAINERID") + 1)) + 1;
  std::snprintf(asked.host_name, sizeof asked.host_name, "floor%u", asked.number);
  const unsigned char address4[4] = {10, 90, static_cast<unsigned char>(asked.number >> 8),
                                     static_cast<unsigned char>(asked.number)};
  std::memcpy(asked.address4, address4, sizeof address4);
  asked.address6[14] = address4[2];
  asked.address6[15] = address4[3];
  return asked;
}

void put_setting(int proc, const char* format, const char* link, const char* value) {
  char path[128];
  std::snprintf(path, sizeof path, format, link);
  int fd = openat(proc, path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, value, 1) != 1) fail(path);
  close(fd);
}

int open_proc() { return open("/proc/sys/net/ipv6/conf", O_PATH | O_DIRECTORY | O_CLOEXEC); }

Inside::Inside(int netns) {
  if (setns(netns, CLONE_NEWNET) != 0) fail("setns");
  socket = open_netlink(NETLINK_ROUTE, 0);
  proc = open_proc();
}

namespace {

void put_end(Buffer& message, const char* name, const unsigned char* mac) {
  message.text(IFLA_IFNAME, name);
  message.bytes(IFLA_ADDRESS, mac, 6);
  message.number(IFLA_MTU, 1500);
  message.number(IFLA_NUM_TX_QUEUES, 1);
  message.number(IFLA_NUM_RX_QUEUES, 1);
}

}  // namespace

void make_veth(int host, const Asked& asked, int netns, int bridge) {
  const auto mac = asked.mac();
  auto host_mac = mac;
  host_mac[1] = 1;
  Buffer message;
  message.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO | NLM_F_ACK, ifinfomsg{});
  put_end(message, asked.host_name, host_mac.data());
  if (bridge != 0) message.number(IFLA_MASTER, static_cast<std::uint32_t>(bridge));
  auto info = message.open(IFLA_LINKINFO);
  message.text(IFLA_INFO_KIND, "veth");
  auto data = message.open(IFLA_INFO_DATA);
  auto peer = message.open(VETH_INFO_PEER);
  message.append(ifinfomsg{});
  put_end(message, "eth0", mac.data());
  message.number(IFLA_NET_NS_FD, static_cast<std::uint32_t>(netns));
  message.close(peer);
  message.close(data);
  message.close(info);
  carry_out(host, message);
}

void without_address_generation(Buffer& message, int index, bool announcing) {
  message.begin(RTM_NEWLINK, 0, ifinfomsg{.ifi_family = AF_UNSPEC, .ifi_index = index});
  auto spec = message.open(IFLA_AF_SPEC);
  if (announcing) {
    auto inet = message.open(AF_INET);
    auto settings = message.open(IFLA_INET_CONF);
    message.number(IPV4_DEVCONF_ARP_NOTIFY, 1);
    message.close(settings);
    message.close(inet);
  }
  auto inet6 = message.open(AF_INET6);
  unsigned char none = IN6_ADDR_GEN_MODE_NONE;
  message.bytes(IFLA_INET6_ADDR_GEN_MODE, &none, 1);
  message.close(inet6);
  message.close(spec);
}

void up(Buffer& message, int index, const char* alias, bool last) {
  message.begin(RTM_NEWLINK, last ? NLM_F_ACK : 0,
                ifinfomsg{.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP});
  if (alias != nullptr) message.text(IFLA_IFALIAS, alias);
}

void address(Buffer& message, int index, const unsigned char* bytes, bool v6, unsigned char length) {
  ifaddrmsg header{};
  header.ifa_family = v6 ? AF_INET6 : AF_INET;
  header.ifa_prefixlen = length;
  header.ifa_index = static_cast<unsigned>(index);
  message.begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header);
  message.bytes(IFA_LOCAL, bytes, v6 ? 16 : 4);
  message.bytes(IFA_ADDRESS, bytes, v6 ? 16 : 4);
  message.number(IFA_FLAGS, v6 ? IFA_F_NODAD : 0);
}

void route(Buffer& message, int index, const unsigned char* to, const unsigned char* via, bool v6, bool last) {
  rtmsg header{};
  header.rtm_family = v6 ? AF_INET6 : AF_INET;
  header.rtm_dst_len = to == nullptr ? 0 : v6 ? 128 : 32;
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = kProtocol;
  header.rtm_type = RTN_UNICAST;
  header.rtm_scope = via == nullptr ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  message.begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL | (last ? NLM_F_ACK : 0), header);
  if (to != nullptr) message.bytes(RTA_DST, to, v6 ? 16 : 4);
  if (via != nullptr) message.bytes(RTA_GATEWAY, via, v6 ? 16 : 4);
  message.number(RTA_OIF, static_cast<std::uint32_t>(index));
}

void lease(const Asked& asked, bool take) {
  char path[64];
  std::snprintf(path, sizeof path, "/run/floor/%u", asked.number);
  mkdir("/run/floor", 0700);
  if (!take) {
    unlink(path);
    return;
  }
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, asked.host_name, 8) != 8) fail(path);
  close(fd);
}

int index_of(const char* name) {
  int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::memcpy(request.ifr_name, name, std::strlen(name));
  if (ioctl(socket, SIOCGIFINDEX, &request) != 0) fail(name);
  close(socket);
  return request.ifr_ifindex;
}

int open_netns() {
  int netns = open(std::getenv("CNI_NETNS"), O_RDONLY | O_CLOEXEC);
  if (netns < 0) fail("open netns");
  return netns;
}

}  // namespace isthmus::bench
