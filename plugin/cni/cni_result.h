// The result of ADD, and prevResult: one form inside, seven versions outside (CNI specification, section 5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/ip.h"
#include "netlink/route.h"
#include "plugin/cni/error.h"
#include "plugin/cni/version.h"

namespace isthmus {

struct CniDns {
  std::vector<std::string> nameservers;
  std::string domain;
  std::vector<std::string> search;
  std::vector<std::string> options;
  bool empty() const { return nameservers.empty() && domain.empty() && search.empty() && options.empty(); }
  bool operator==(const CniDns&) const = default;
};

struct CniInterface {
  std::string name;
  std::string mac;        // as text: other plugins' results may hold anything
  std::uint32_t mtu = 0;  // 0 when absent; 1.1.0 only, as the next two
  std::string sandbox;    // CNI_NETNS byte for byte; empty for the host's side
  std::string socket_path;
  std::string pci_id;
  bool operator==(const CniInterface&) const = default;
};

struct CniIp {
  Prefix address;
  std::optional<IpAddress> gateway;
  std::optional<std::int64_t> interface;  // index into interfaces, unchecked
  bool operator==(const CniIp&) const = default;
};

struct CniResult {
  std::vector<CniInterface> interfaces;
  std::vector<CniIp> ips;
  std::vector<RouteSpec> routes;
  CniDns dns;
  bool operator==(const CniResult&) const = default;
};

// Reads a result of any version. "cniVersion" missing or empty in it: `version_when_absent`. Keys in any case.
// `what` names the text in errors: "prevResult", "the result of IPAM plugin 'host-local'". Fails with [bad-result].
Answer<CniResult> parse_result(std::string_view json, SpecVersion version_when_absent, const std::string& what);

// The exact format of `version`; no trailing newline. Fails with [result-not-expressible]: 0.1.0 and 0.2.0 without any
// address.
Answer<std::string> to_json(const CniResult& result, SpecVersion version);

}  // namespace isthmus
