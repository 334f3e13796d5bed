// Getting hold of the file at a foreign path without waiting for it. Private to netns/.
#pragma once

#include "netns/deadline.h"
#include "netns/netns_fd.h"
#include "netns/netns_path.h"
#include "netns/result.h"
#include "netns/unique_fd.h"

namespace isthmus::detail {

// An O_PATH descriptor of whatever is there, symbolic and magic links followed. Nothing is opened by it, so nothing
// happens to devices and FIFOs. Fails as NetnsFd::open says: [netns-missing], [netns-dying], [netns-timeout],
// [netns-open].
Result<UniqueFd> resolve_netns_path(const NetnsPath& path, Deadline deadline);

// The same file once more, opened for reading; empty where that must not be done by the path again, or it leads to
// another one by now. Whoever calls then has /proc/self/fd, which leads to the same file for certain, but costs a
// process that lives for milliseconds five entries in /proc.
UniqueFd reopen_by_path(const NetnsPath& path, NetnsId file);

}  // namespace isthmus::detail
