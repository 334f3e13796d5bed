// Proving the target of a call before anything changes.
#pragma once

#include "netns/netns_fd.h"
#include "plugin/cni/error.h"
#include "plugin/cni/invocation.h"

namespace isthmus {

// CNI code 8, as the CNI library gives it; not in the specification's table, but callers know it.
inline constexpr unsigned kOwnNetnsCode = 8;

// Opens CNI_NETNS and proves that it is a network namespace and not ours (unless CNI_NETNS_OVERRIDE says so). A path
// like /proc/PID/ns/net names the host's namespace once the PID has been used again. Fails with [netns-...],
// [netns-own] (code 8).
Answer<NetnsFd> open_target(const Invocation& invocation, Deadline deadline);

// True when CNI_NETNS names the namespace of this process. A path that cannot be opened does not.
bool targets_own_netns(const Invocation& invocation, Deadline deadline);

CniError own_netns_error(const Invocation& invocation);

}  // namespace isthmus
