// Addresses on links. (linux/if_addr.h)
#pragma once

#include <vector>

#include "netlink/ip.h"
#include "netlink/route_socket.h"

namespace isthmus {

struct AddressSpec {
  Prefix prefix;
  bool with_prefix_route = true;     // false: IFA_F_NOPREFIXROUTE
  bool duplicate_detection = false;  // IPv6: true leaves it tentative until nobody has objected (RFC 4862)
  bool replace = false;              // there already is done
  bool operator==(const AddressSpec&) const = default;
};

// IPv6 addresses are added without duplicate address detection (IFA_F_NODAD) unless it is asked for: then they are
// never tentative. `name` is for errors only. Fails with err EEXIST if it is there already and `replace` is false.
void add_address(Batch& batch, int ifindex, const std::string& name, const AddressSpec& spec);

// Fails with err EADDRNOTAVAIL if it is not there.
void delete_address(Batch& batch, int ifindex, const std::string& name, const Prefix& prefix);

struct AddressInfo {
  int ifindex = 0;
  Prefix prefix;  // IFA_LOCAL where there is one, else IFA_ADDRESS
  bool tentative = false;
  bool dad_failed = false;
};

// The addresses of one link, both families; of all links when `ifindex` is 0.
Result<std::vector<AddressInfo>> list_addresses(RouteConversation& socket, int ifindex);

}  // namespace isthmus
