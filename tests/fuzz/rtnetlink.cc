// rtnetlink's answers: links, addresses, routes, namespaces' numbers, and acknowledgements. The first byte says what is
// asked; see kernel.h for the rest.
#include <linux/rtnetlink.h>

#include <array>

#include "netlink/address.h"
#include "netlink/bridge.h"
#include "netlink/link.h"
#include "netlink/neighbour.h"
#include "netlink/nsid.h"
#include "netlink/route.h"
#include "tests/fuzz/kernel.h"

namespace isthmus::fuzz {
namespace {

// The smallest message takes 16 bytes.
void require_no_more_than(std::size_t found, Bytes answers) {
  require(found <= answers.size() / sizeof(nlmsghdr), "no more is listed than was answered");
}

void require_legal(const LinkInfo& link) {
  require(link.name.find('\0') == std::string::npos && link.alias.find('\0') == std::string::npos, "texts end at NUL");
  require(link.peer_ifindex.value_or(1) != 0 && link.master_ifindex.value_or(1) != 0, "no link has the index 0");
  require(!link.vlan_filtering || link.kind == "bridge", "only bridges filter VLANs");
}

template <class T>
bool came_well(const Result<T>& answer) {
  if (!answer) require_cause(answer.error());
  return answer.operator bool();
}

void look_up_links(RouteSocket<HostSide>& socket) {
  auto by_name = find_link(socket, *IfName::parse("eth0"));
  if (came_well(by_name) && *by_name) require_legal(**by_name);
  auto by_index = find_link(socket, 7);
  if (came_well(by_index) && *by_index) require_legal(**by_index);
}

// As text an IPv4-mapped address is the IPv4 address, to us as to the specification; on a link it may be either.
void require_reads_back(const Prefix& prefix) {
  const std::string text = prefix.text();
  if (prefix.family() == Family::v6 && text.starts_with("::ffff:") && text.find('.') != text.npos) return;
  auto again = Prefix::parse(text);
  require(again && *again == prefix, "a prefix reads back", text);
}

void dump_links(RouteSocket<HostSide>& socket, Bytes answers) {
  auto links = list_links(socket);
  if (!came_well(links)) return;
  require_no_more_than(links->size(), answers);
  for (const LinkInfo& link : *links)
    require_legal(link);
}

void dump_addresses(RouteSocket<HostSide>& socket, Bytes answers) {
  for (int ifindex : {0, 7}) {
    auto addresses = list_addresses(socket, ifindex);
    if (!came_well(addresses)) return;
    require_no_more_than(addresses->size(), answers);
    for (const AddressInfo& info : *addresses) {
      require_reads_back(info.prefix);
      require(ifindex == 0 || info.ifindex == ifindex, "only the asked link's addresses");
    }
  }
}

void dump_routes(RouteSocket<HostSide>& socket, Bytes answers) {
  auto routes = list_routes(socket);
  if (!came_well(routes)) return;
  require_no_more_than(routes->size(), answers);
  for (const RouteInfo& route : *routes) {
    require_reads_back(route.destination);
    require(route.type == RTN_UNICAST && route.table != RT_TABLE_LOCAL, "only unicast routes of other tables");
  }
}

void look_up_others(RouteSocket<HostSide>& socket) {
  auto link = outgoing_link(socket, *IpAddress::parse("192.0.2.1"));
  auto nsid = nsid_of_task(socket, 1);
  if (came_well(nsid) && *nsid) require(**nsid >= 0, "a namespace's number is not negative");
  came_well(link);
}

void change_things(RouteSocket<HostSide>& socket) {
  Batch batch;
  change_link(batch, 7, "eth0", {.up = true, .alias = "isthmus"});
  add_address(batch, 7, "eth0", {.prefix = *Prefix::parse("10.1.2.3/24")});
  add_route(batch, 7, "eth0", RouteSpec{.destination = Prefix::everything(Family::v4)});
  came_well(socket.commit(std::move(batch)));
  came_well(delete_link(socket, 7, "eth0"));
  came_well(delete_neighbour(socket, {7, *IpAddress::parse("fd00::1")}));
  came_well(create_bridge(socket, {.name = *IfName::parse("cni0"), .mac = *MacAddress::parse("02:00:00:00:00:01")}));
}

}  // namespace

int fuzz_rtnetlink(Bytes input) {
  if (input.empty()) return 0;
  Bytes answers = input.subspan(1);
  set_answers(answers);
  auto& socket = route_socket();
  constexpr int kQuestions = 6;
  switch (input[0] % kQuestions) {
    case 0:
      look_up_links(socket);
      break;
    case 1:
      dump_links(socket, answers);
      break;
    case 2:
      dump_addresses(socket, answers);
      break;
    case 3:
      dump_routes(socket, answers);
      break;
    case 4:
      look_up_others(socket);
      break;
    default:
      change_things(socket);
  }
  return 0;
}

}  // namespace isthmus::fuzz
