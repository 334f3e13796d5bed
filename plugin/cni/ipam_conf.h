// The "ipam" object of a network configuration, with the capabilities and arguments that add to it.
#pragma once

#include "plugin/cni/json_reader.h"
#include "plugin/cni/netconf.h"

namespace isthmus {

// `network` is the whole configuration. Absent, {} or without a type: NoIpam, as with the official plugins.
// Fails with [bad-range], or without a word for all else that is wrong in the embedded IPAM's keys.
// No range at all is an error only for ADD and CHECK: the capability "ipRanges" does not reach the other verbs.
Result<IpamConf> read_ipam(const JsonObject& network, const Invocation& invocation);

}  // namespace isthmus
