// Addresses on links. (linux/if_addr.h)
#pragma once

#include <vector>

#include "netlink/ip.h"
#include "netlink/route_socket.h"

namespace isthmus {

struct AddressSpec {
  Prefix prefix;
  bool with_prefix_route = true;  // false: IFA_F_NOPREFIXROUTE
  bool operator==(const AddressSpec&) const = default;
};

// IPv6 addresses are added without duplicate address detection (IFA_F_NODAD): they are never tentative.
// `name` is for errors only. Fails with err EEXIST if it is there already.
void add_address(Batch& batch, int ifindex, const std::string& name, const AddressSpec& spec);

struct AddressInfo {
  int ifindex = 0;
  Prefix prefix;  // IFA_LOCAL where there is one, else IFA_ADDRESS
  bool tentative = false;
  bool dad_failed = false;
};

// The addresses of one link, both families.
Result<std::vector<AddressInfo>> list_addresses(RouteConversation& socket, int ifindex);

}  // namespace isthmus
