// The keys isthmus knows, and slips of the pen for them.
#pragma once

#include <span>
#include <string_view>

#include "plugin/cni/json_reader.h"

namespace isthmus {

// Keys of the objects of a network configuration. Those of the official ptp and bridge that have no meaning here are
// known too: a configuration written for them must go on to work, slips included.
std::span<const std::string_view> network_keys();
std::span<const std::string_view> ipam_keys();
std::span<const std::string_view> range_keys();
std::span<const std::string_view> route_keys();
std::span<const std::string_view> dns_keys();
std::span<const std::string_view> log_keys();

// Fails with [unknown-key] for a member whose key is none of `known`, but nearly one: at most two letters off, one for
// short words. Everything else is somebody else's business, and so is what starts with '_', '$' or "x-" or has a '/'.
Status refuse_slips(const JsonObject& object, std::span<const std::string_view> known);

}  // namespace isthmus
