// The network configuration a runtime writes to stdin, as typed values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "netlink/names.h"
#include "plugin/cni/bridge_conf.h"
#include "plugin/cni/cni_result.h"
#include "plugin/cni/error.h"
#include "plugin/cni/ids.h"
#include "plugin/cni/invocation.h"
#include "plugin/cni/ranges.h"

namespace isthmus {

inline constexpr std::string_view kDefaultStateDir = "/run/isthmus";

// "log": {"level": "info", "file": "/var/log/isthmus.log", "stderr": false}
struct LogConf {
  std::string level = "info";  // error, warn, info, debug; "warning" is read as warn
  std::string file;            // empty: not to a file
  bool to_stderr = false;      // neither file nor stderr: syslog
  bool operator==(const LogConf&) const = default;
};

struct NoIpam {
  bool operator==(const NoIpam&) const = default;
};
struct DelegatedIpam {
  std::string type;  // not empty, no '/'
  bool operator==(const DelegatedIpam&) const = default;
};
using IpamConf = std::variant<NoIpam, EmbeddedIpamConf, DelegatedIpam>;

// What only ADD and CHECK need, and DEL can do without.
struct Settings {
  std::optional<BridgeConf> bridge;  // "mode": "bridge"; absent: ptp
  std::optional<Mtu> mtu;
  bool ip_masq = false;
  std::optional<MacAddress> mac;         // runtimeConfig.mac, else args.cni.mac, else CNI_ARGS MAC
  std::optional<CniDns> dns;             // runtimeConfig.dns, else "dns" when not empty: replaces IPAM's as a whole
  bool write_netns_resolv_conf = false;  // "dns": {"writeNetnsResolvConf": true}
  IpamConf ipam;
};

struct AttachmentRef {
  std::string container_id;
  std::string ifname;
  auto operator<=>(const AttachmentRef&) const = default;
};

struct NetConf {
  std::string stdin_bytes;  // exactly as received: a delegate gets the same
  SpecVersion version = kVersionWhenAbsent;
  NetworkName name;
  std::string state_dir;  // "stateDir"; absolute
  LogConf log;
  std::string ipam_type;  // as written, also when the rest of "ipam" is wrong; empty: none
  // A semantic error in our own keys is kept here, so that DEL and GC can go on without settings.
  Result<Settings, CniError> settings;
  std::optional<CniResult> prev_result;  // absent, null, {} and (on DEL) malformed: nullopt
  // GC: "cni.dev/valid-attachments", else "cni.dev/attachments"; null and [] are an empty list; nullopt: neither key.
  std::optional<std::vector<AttachmentRef>> valid_attachments;
};

// Fails with code 6 [bad-json] (syntax, wrong type, BOM, trailing bytes, nesting deeper than 64), 7 [bad-network-name],
// 1 [cni-version] (also a verb this version does not have: CHECK below 0.4.0, GC and STATUS below 1.1.0).
// 7 [bad-result] on ADD and CHECK for a malformed prevResult, 7 [bad-attachments] on GC for a malformed list. A
// cniVersion that is no version number at all is code 6 on CHECK, GC and STATUS. Unknown keys are ignored, except one
// that looks like a slip of the pen for one of ours: settings then hold code 2 [unknown-key] with key, value and "did
// you mean". Keys match in any case; the last duplicate wins.
Answer<NetConf> parse_netconf(std::string stdin_bytes, const Invocation& invocation);

// The version a text asks for, if it is one of ours: for VERSION, which never fails, and for error objects about a text
// that parse_netconf() refused.
std::optional<SpecVersion> peek_version(std::string_view stdin_bytes);

}  // namespace isthmus
