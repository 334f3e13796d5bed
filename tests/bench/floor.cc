// The floor: what a plugin in ptp mode must ask of the kernel, and nothing else. One static program that sends the
// messages isthmus sends, without names that are checked, records, locks, undoing, or errors for people. It takes the
// configuration of the contestant beside it and looks in it for three words only; addresses follow from the number in
// CNI_CONTAINERID.
//
// DEL answers at RTM_DELLINK too, while a child waits out the grace period. (See docs/design.md, "In the kernel".)
#include <netinet/in.h>  // before any <linux/...>, because only in this order do the two agree on who defines what

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/bench/floor_look.h"
#include "tests/bench/floor_message.h"

namespace isthmus::bench {
namespace {

constexpr unsigned char kProtocol = 73;

struct Asked {
  bool v4 = false;
  bool v6 = false;
  bool masquerade = false;
  unsigned number = 0;
  char host_name[IFNAMSIZ];
  unsigned char address4[4];
  unsigned char address6[16] = {0xfd, 0, 0, 0x90};
  const unsigned char gateway4[4] = {10, 90, 0, 1};
  const unsigned char gateway6[16] = {0xfd, 0, 0, 0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
};

Asked read_request() {
  static char text[65536];
  ssize_t size = 0;
  for (ssize_t got = 0; (got = read(0, text + size, sizeof text - 1 - static_cast<std::size_t>(size))) > 0;)
    size += got;
  Asked asked;
  asked.v4 = std::strstr(text, "10.90.") != nullptr;
  asked.v6 = std::strstr(text, "fd00:") != nullptr;
  asked.masquerade = std::strstr(text, "\"ipMasq\": true") != nullptr;
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

// A socket of the container's namespace and its settings; the process stays there.
struct Inside {
  explicit Inside(int netns) {
    if (setns(netns, CLONE_NEWNET) != 0) fail("setns");
    socket = open_netlink(NETLINK_ROUTE, 0);
    proc = open_proc();
  }
  int socket;
  int proc;
};

void put_end(Buffer& message, const char* name, const unsigned char* mac) {
  message.text(IFLA_IFNAME, name);
  message.bytes(IFLA_ADDRESS, mac, 6);
  message.number(IFLA_MTU, 1500);
  message.number(IFLA_NUM_TX_QUEUES, 1);
  message.number(IFLA_NUM_RX_QUEUES, 1);
}

void make_veth(int host, const Asked& asked, int netns) {
  unsigned char host_mac[6] = {
      2, 1, 0, 0, static_cast<unsigned char>(asked.number >> 8), static_cast<unsigned char>(asked.number)};
  unsigned char mac[6] = {2, 2, 0, 0, host_mac[4], host_mac[5]};
  Buffer message;
  message.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO | NLM_F_ACK, ifinfomsg{});
  put_end(message, asked.host_name, host_mac);
  auto info = message.open(IFLA_LINKINFO);
  message.text(IFLA_INFO_KIND, "veth");
  auto data = message.open(IFLA_INFO_DATA);
  auto peer = message.open(VETH_INFO_PEER);
  message.append(ifinfomsg{});
  put_end(message, "eth0", mac);
  message.number(IFLA_NET_NS_FD, static_cast<std::uint32_t>(netns));
  message.close(peer);
  message.close(data);
  message.close(info);
  carry_out(host, message);
}

void without_address_generation(Buffer& message, int index) {
  message.begin(RTM_NEWLINK, 0, ifinfomsg{.ifi_family = AF_UNSPEC, .ifi_index = index});
  auto spec = message.open(IFLA_AF_SPEC);
  auto inet6 = message.open(AF_INET6);
  unsigned char none = IN6_ADDR_GEN_MODE_NONE;
  message.bytes(IFLA_INET6_ADDR_GEN_MODE, &none, 1);
  message.close(inet6);
  message.close(spec);
}

void up(Buffer& message, int index, const char* alias, bool last = false) {
  message.begin(RTM_NEWLINK, last ? NLM_F_ACK : 0,
                ifinfomsg{.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP});
  if (alias != nullptr) message.text(IFLA_IFALIAS, alias);
}

void address(Buffer& message, int index, const unsigned char* bytes, bool v6, bool last = false) {
  ifaddrmsg header{};
  header.ifa_family = v6 ? AF_INET6 : AF_INET;
  header.ifa_prefixlen = v6 ? 128 : 32;
  header.ifa_index = static_cast<unsigned>(index);
  message.begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | (last ? NLM_F_ACK : 0), header);
  message.bytes(IFA_LOCAL, bytes, v6 ? 16 : 4);
  message.bytes(IFA_ADDRESS, bytes, v6 ? 16 : 4);
  message.number(IFA_FLAGS, v6 ? IFA_F_NODAD : 0);
}

void route(Buffer& message, int index, const unsigned char* to, const unsigned char* via, bool v6, bool last = false) {
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

void set_up_host(int host, const Asked& asked, int index) {
  int proc = open_proc();
  put_setting(proc, "%s/accept_ra", asked.host_name, "0");
  if (asked.v6) put_setting(proc, "%s/disable_ipv6", asked.host_name, "0");
  Buffer message;
  without_address_generation(message, index);
  up(message, index, "floor");
  const unsigned char link_local[16] = {
      0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, asked.address4[2], asked.address4[3]};
  if (asked.v6) address(message, index, link_local, true);
  if (asked.v6) address(message, index, asked.gateway6, true);
  if (asked.v6) route(message, index, asked.address6, nullptr, true, !asked.v4);
  if (asked.v4) address(message, index, asked.gateway4, false);
  if (asked.v4) route(message, index, asked.address4, nullptr, false, true);
  carry_out(host, message);
}

void set_up_container(const Inside& inside, const Asked& asked, int index) {
  put_setting(inside.proc, "%s/accept_ra", "eth0", "0");
  if (asked.v6) {
    put_setting(inside.proc, "%s/disable_ipv6", "lo", "0");
    put_setting(inside.proc, "%s/disable_ipv6", "eth0", "0");
    put_setting(inside.proc, "%s/keep_addr_on_down", "eth0", "1");
  }
  Buffer message;
  up(message, 1, nullptr);
  without_address_generation(message, index);
  up(message, index, nullptr);
  const unsigned char link_local[16] = {
      0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, asked.address4[2], asked.address4[3]};
  if (asked.v6) {
    address(message, index, link_local, true);
    address(message, index, asked.address6, true);
    route(message, index, asked.gateway6, nullptr, true);
    route(message, index, nullptr, asked.gateway6, true, !asked.v4);
  }
  if (asked.v4) {
    address(message, index, asked.address4, false);
    route(message, index, asked.gateway4, nullptr, false);
    route(message, index, nullptr, asked.gateway4, false, true);
  }
  carry_out(inside.socket, message);
}

int index_of(const char* name) {
  int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::memcpy(request.ifr_name, name, std::strlen(name));
  if (ioctl(socket, SIOCGIFINDEX, &request) != 0) fail(name);
  close(socket);
  return request.ifr_ifindex;
}

void print(const char* text) {
  if (write(1, text, std::strlen(text)) < 0) fail("write");
}

int open_netns() {
  int netns = open(std::getenv("CNI_NETNS"), O_RDONLY | O_CLOEXEC);
  if (netns < 0) fail("open netns");
  return netns;
}

void add() {
  Asked asked = read_request();
  int netns = open_netns();
  lease(asked, true);
  int host = open_netlink(NETLINK_ROUTE, 0);
  look_for_link(host, asked.host_name);
  look_for_uplink(host, false);
  look_for_uplink(host, true);
  if (asked.masquerade) look_at_masquerade();
  make_veth(host, asked, netns);
  set_up_host(host, asked, index_of(asked.host_name));
  Inside inside(netns);
  set_up_container(inside, asked, index_of("eth0"));
  char answer[512];
  std::snprintf(answer, sizeof answer,
                R"({"cniVersion":"1.0.0","interfaces":[{"name":"%s"},{"name":"eth0","sandbox":"%s"}],)"
                R"("ips":[{"interface":1,"address":"10.90.%u.%u/32","gateway":"10.90.0.1"}]})",
                asked.host_name, std::getenv("CNI_NETNS"), asked.address4[2], asked.address4[3]);
  print(answer);
}

void check() {
  Asked asked = read_request();
  int netns = open_netns();
  if (asked.masquerade) look_at_masquerade();
  look_at_link(open_netlink(NETLINK_ROUTE, 0), index_of(asked.host_name), false);
  Inside inside(netns);
  look_at_link(inside.socket, index_of("eth0"), true);
}

void del() {
  Asked asked = read_request();
  delete_link(index_of(asked.host_name));
  lease(asked, false);
}

}  // namespace
}  // namespace isthmus::bench

int main() {
  const char* verb = std::getenv("CNI_COMMAND");
  if (std::strcmp(verb, "ADD") == 0) isthmus::bench::add();
  if (std::strcmp(verb, "CHECK") == 0) isthmus::bench::check();
  if (std::strcmp(verb, "DEL") == 0) isthmus::bench::del();
  if (std::strcmp(verb, "VERSION") == 0)
    isthmus::bench::print(R"({"cniVersion":"1.1.0","supportedVersions":["1.1.0"]})");
  _exit(0);
}
