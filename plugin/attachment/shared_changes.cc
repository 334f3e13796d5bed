#include "plugin/attachment/shared_changes.h"

#include <linux/if_bridge.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "netlink/address.h"
#include "netlink/bridge_vlan.h"
#include "netlink/link.h"

namespace isthmus {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPortTime(2000);
constexpr milliseconds kDetectionTime(5000);

// Nothing in the kernel tells a socket in time of what is awaited here, and the first look nearly always suffices.
void pause_between_looks(milliseconds pause) { std::this_thread::sleep_for(pause); }

}  // namespace

Result<int> ensure_bridge(Kernel<HostSide>& host, const BridgeSpec& spec) {
  auto made = create_bridge(host.routes, spec);
  if (made) return made;
  Error error = std::move(made).error();
  if (error.err == EOPNOTSUPP && spec.vlan_filtering) {
    error.word = "bridge-vlan";
    error.detail = "the running kernel has no VLAN filtering for bridges";
    error.hint = "remove 'vlan' and 'vlanTrunk', or take a kernel with CONFIG_BRIDGE_VLAN_FILTERING";
  }
  if (error.err != EEXIST) return error;
  TRY(auto link, find_link(host.routes, spec.name));
  if (!link || link->kind != "bridge") {
    error.hint = "another program took the name meanwhile; give another name in 'bridge'";
    return std::move(error).with_word("bridge-not-one");
  }
  return link->ifindex;
}

Result<int> ensure_vlan_link(Kernel<HostSide>& host, const IfName& name, int lower_ifindex, std::uint16_t vlan) {
  auto made = create_vlan_link(host.routes, name, lower_ifindex, vlan);
  if (made || made.error().err != EEXIST) return made;
  TRY(auto link, find_link(host.routes, name));
  if (!link || link->kind != "vlan" || link->peer_ifindex != lower_ifindex) return std::move(made).error();
  return link->ifindex;
}

Status enable_forwarding(Kernel<HostSide>& host, Family family, const std::vector<std::string>& ra_uplinks) {
  if (family == Family::v4) return host.sysctl.write("ipv4/ip_forward", "1");
  // In this order: the moment forwarding is on, the kernel drops what it learned where accept_ra is only 1.
  for (const auto& uplink : ra_uplinks)
    TRY_OK(host.sysctl.write("ipv6/conf/" + uplink + "/accept_ra", "2"));
  return host.sysctl.write("ipv6/conf/all/forwarding", "1");
}

Status await_forwarding(Kernel<HostSide>& host, int port_ifindex, const std::string& name, Deadline deadline) {
  const Deadline enough = Deadline::in(kPortTime);
  for (milliseconds pause(1); !enough.passed() && !deadline.passed(); pause = std::min(pause * 2, milliseconds(20))) {
    TRY(auto link, find_link(host.routes, port_ifindex));
    if (!link || !link->port) {
      return Error{"wait for port '" + name + "'",
                   {},
                   ENODEV,
                   "it is no bridge's port any more",
                   "port-down",
                   "find the program that takes ports from the bridge, and exempt 'ist*'"};
    }
    if (link->port->state != BR_STATE_DISABLED && link->port->state != BR_STATE_BLOCKING) return done;
    pause_between_looks(pause);
  }
  return Error{"wait for port '" + name + "'",       {},          ETIMEDOUT,
               "the bridge does not forward for it", "port-down", "see its state: bridge link show dev " + name};
}

Status await_running(Kernel<ContainerSide>& container, int ifindex, Deadline deadline) {
  const Deadline enough = Deadline::in(kPortTime);
  for (milliseconds pause(1); !enough.passed() && !deadline.passed(); pause = std::min(pause * 2, milliseconds(20))) {
    TRY(auto link, find_link(container.routes, ifindex));
    if (!link || link->running) break;
    pause_between_looks(pause);
  }
  return done;
}

Status await_addresses(Kernel<ContainerSide>& container, int ifindex, const std::string& name, Deadline deadline) {
  const Deadline enough = Deadline::in(kDetectionTime);
  for (;;) {
    TRY(auto addresses, list_addresses(container.routes, ifindex));
    bool tentative = false;
    for (const AddressInfo& info : addresses) {
      tentative |= info.tentative && !info.dad_failed;
      if (!info.dad_failed) continue;
      return Error{"give " + info.prefix.address().text() + " to '" + name + "'",
                   {},
                   EADDRINUSE,
                   "another host on this link has that address",
                   "address-duplicate",
                   "find who: the IPAM that gave it, or an address set by hand"};
    }
    if (!tentative) return done;
    if (enough.passed() || deadline.passed()) {
      return Error{"wait for the addresses of '" + name + "'",
                   {},
                   ETIMEDOUT,
                   "duplicate address detection does not end",
                   "netlink-timeout",
                   "without 'enabledad' there is none to wait for"};
    }
    pause_between_looks(milliseconds(20));
  }
}

}  // namespace isthmus
