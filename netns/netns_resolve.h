// Getting hold of the file at a foreign path without waiting for it. Private to netns/.
#pragma once

#include "netns/deadline.h"
#include "netns/netns_path.h"
#include "netns/result.h"
#include "netns/unique_fd.h"

namespace isthmus::detail {

// An O_PATH descriptor of whatever is there, symbolic and magic links followed. Nothing is opened by it, so nothing
// happens to devices and FIFOs. Fails as NetnsFd::open says: [netns-missing], [netns-dying], [netns-timeout],
// [netns-open].
Result<UniqueFd> resolve_netns_path(const NetnsPath& path, Deadline deadline);

}  // namespace isthmus::detail
