// Addresses, routes and DNS as CNI writes them in JSON, shared by results and configurations.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "netlink/ip.h"
#include "netlink/route.h"
#include "plugin/cni/cni_result.h"
#include "plugin/cni/json_reader.h"

namespace isthmus {

// Each fails without a word, naming the key. Absent or empty text: nullopt.
Result<std::optional<IpAddress>> read_address(const JsonField& field);
// Absent is an error here. Host bits are kept.
Result<Prefix> read_prefix(const JsonField& field);
// An integer from 0 to `most`.
Result<std::optional<std::uint32_t>> read_unsigned(const JsonField& field, std::uint32_t most = UINT32_MAX);
// {"nameservers", "domain", "search", "options"}
Result<CniDns> read_dns(const JsonObject& object);
// {"dst", "gw", "mtu", "advmss", "priority", "table", "scope"}. Go's types write no 0 for mtu, advmss and priority, so
// a 0 there is absent; table and scope are pointers there, so a 0 is a 0.
Result<RouteSpec> read_route(const JsonObject& object);

// {"cniVersion", "interfaces", "ips", ...}; see parse_result().
Result<CniResult> read_result(const JsonObject& object, SpecVersion version_when_absent);

}  // namespace isthmus
