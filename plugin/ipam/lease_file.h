// One lease as bytes: "<container id>\n<ifname>\n".
#pragma once

#include <string>
#include <string_view>

#include "plugin/cni/netconf.h"

namespace isthmus {

std::string lease_text(const AttachmentRef& holder);

// A holder with empty names for anything else than lease_text() writes.
AttachmentRef parse_lease(std::string_view text);

}  // namespace isthmus
