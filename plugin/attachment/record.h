// The write-ahead record of one attachment: what DEL and GC need to undo it without netns, prevResult or configuration.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/ip.h"
#include "netlink/masquerade.h"
#include "netlink/route.h"
#include "netns/netns_fd.h"
#include "plugin/attachment/key.h"

namespace isthmus {

// A file we created outside the state directory, and how we know that it is still ours.
struct OwnedFile {
  std::string path;
  std::uint64_t content_hash = 0;  // a file that somebody changed is no longer ours
  bool made_directory = false;
  bool operator==(const OwnedFile&) const = default;
};

struct Record {
  enum class Phase { intent, complete };

  AttachmentKey key;
  Phase phase = Phase::intent;
  std::string mode = {};   // "ptp" or "bridge"
  std::string pod = {};    // "ns/name" or empty
  std::string netns = {};  // CNI_NETNS
  NetnsId netns_id = {};
  std::uint64_t netns_cookie = 0;
  std::string host_ifname = {};
  std::string host_mac = {};
  std::string container_mac = {};      // as we set it; a chained plugin may change it later
  int host_ifindex = 0;                // 0 until the link is there
  std::string bridge = {};             // its name; empty in ptp mode
  std::string gateway_link = {};       // the host's link with the gateways, in bridge mode; empty: none
  std::vector<Prefix> gateways = {};   // as addresses of the host
  bool hairpin = false;                // of the bridge's port
  bool isolated = false;               // likewise
  bool mac_guard = false;              // see netlink/mac_guard.h
  std::vector<Prefix> addresses = {};  // as IPAM gave them, with the subnet's length
  std::vector<RouteSpec> routes = {};  // those of the result that this plugin made
  // What it holds, and, before its subnets are known, what it may hold: owners without a subnet. See
  // netlink/masquerade.h.
  std::vector<std::string> masquerade = {};
  std::vector<MasqueradeSource> masquerade_sources = {};
  std::string ipam_type = {};  // empty: none
  std::string config = {};     // stdin of ADD, kept only for a delegated IPAM
  std::string cni_args = {};   // likewise, the raw CNI_ARGS
  std::string cni_path = {};   // likewise
  std::optional<OwnedFile> resolv_conf = {};
  std::int64_t created = 0;  // seconds since the epoch, for people
  bool operator==(const Record&) const = default;
};

std::string to_json(const Record& record);
// Fails with [bad-record] for anything torn, of another form, or whose key is not legal.
Result<Record> parse_record(std::string_view json);

}  // namespace isthmus
