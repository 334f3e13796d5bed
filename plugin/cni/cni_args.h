// What parse_cni_args() of invocation.h leaves to others.
#pragma once

#include <string_view>

#include "plugin/cni/invocation.h"

namespace isthmus {

// As parse_cni_args(), but malformed values are dropped.
CniArgs salvage_cni_args(std::string_view text);

// "10.1.2.3" or "10.1.2.3/24", of which the length says nothing.
Result<IpAddress> parse_requested_address(std::string_view text);

}  // namespace isthmus
