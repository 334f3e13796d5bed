// The floor: what a plugin must ask of the kernel, and nothing else. One static program that sends the messages isthmus
// sends, without names that are checked, records, locks, undoing, or errors for people. It takes the configuration of
// the contestant beside it and looks in it for a few words only; addresses follow from the number in CNI_CONTAINERID.
//
// DEL answers at RTM_DELLINK too, while a child waits out the grace period. (See docs/design.md, "In the kernel".)
#include <netinet/in.h>  // before any <linux/...>, because only in this order do the two agree on who defines what

#include <linux/rtnetlink.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/bench/floor_look.h"
#include "tests/bench/floor_parts.h"

namespace isthmus::bench {
namespace {

void set_up_host(int host, const Asked& asked, int index) {
  int proc = open_proc();
  put_setting(proc, "%s/accept_ra", asked.host_name, "0");
  if (asked.v6) put_setting(proc, "%s/disable_ipv6", asked.host_name, "0");
  Buffer message;
  without_address_generation(message, index);
  up(message, index, "floor");
  const unsigned char link_local[16] = {
      0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, asked.address4[2], asked.address4[3]};
  if (asked.v6) address(message, index, link_local, true, 128);
  if (asked.v6) address(message, index, asked.gateway6, true, 128);
  if (asked.v6) route(message, index, asked.address6, nullptr, true, !asked.v4);
  if (asked.v4) address(message, index, asked.gateway4, false, 32);
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
    address(message, index, link_local, true, 128);
    address(message, index, asked.address6, true, 128);
    route(message, index, asked.gateway6, nullptr, true);
    route(message, index, nullptr, asked.gateway6, true, !asked.v4);
  }
  if (asked.v4) {
    address(message, index, asked.address4, false, 32);
    route(message, index, asked.gateway4, nullptr, false);
    route(message, index, nullptr, asked.gateway4, false, true);
  }
  carry_out(inside.socket, message);
}

void print(const char* text) {
  if (write(1, text, std::strlen(text)) < 0) fail("write");
}

void attach(const Asked& asked) {
  int netns = open_netns();
  lease(asked, true);
  int host = open_netlink(NETLINK_ROUTE, 0);
  look_for_link(host, asked.host_name);
  look_for_uplink(host, false);
  look_for_uplink(host, true);
  if (asked.v4) look_whether_forwarding(host, false);
  if (asked.v6) look_whether_forwarding(host, true);
  if (asked.masquerade) look_at_masquerade();
  make_veth(host, asked, netns, 0);
  set_up_host(host, asked, index_of(asked.host_name));
  Inside inside(netns);
  set_up_container(inside, asked, index_of("eth0"));
}

void add() {
  Asked asked = read_request();
  asked.bridge ? attach_to_bridge(asked) : attach(asked);
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
  Buffer before;
  if (asked.bridge) forget_neighbours(before, asked);
  delete_link(index_of(asked.host_name), before);
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
