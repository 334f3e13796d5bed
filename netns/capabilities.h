// What this process may do. (man 7 capabilities)
#pragma once

#include <initializer_list>

#include "netns/result.h"

namespace isthmus {

// Numbers of linux/capability.h.
inline constexpr int kCapDacOverride = 1;
inline constexpr int kCapDacReadSearch = 2;
inline constexpr int kCapKill = 5;
inline constexpr int kCapNetAdmin = 12;
inline constexpr int kCapSysChroot = 18;
inline constexpr int kCapSysPtrace = 19;
inline constexpr int kCapSysAdmin = 21;

// In the effective set of the calling thread.
Result<bool> has_capability(int capability);

// Gives up all capabilities of the calling thread but these, and of the threads and processes it starts from now on.
// Other threads keep theirs.
//
// Programs that root executes are as able as before: execve(2) by user 0 gives them the whole bounding set again, which
// is not touched. But whoever gains capabilities by execve loses PR_SET_PDEATHSIG: not for callers that rely on it. A
// user other than root has no such return, and its children (by ambient capabilities) would miss what it gives away:
// nothing is given up then.
// Fails when the kernel refuses; the caller is no worse off than before.
Status keep_only_capabilities(std::initializer_list<int> kept);

}  // namespace isthmus
