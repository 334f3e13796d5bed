// What this process may do. (man 7 capabilities)
#pragma once

#include "netns/result.h"

namespace isthmus {

inline constexpr int kCapNetAdmin = 12;  // numbers of linux/capability.h
inline constexpr int kCapSysAdmin = 21;

// In the effective set of the calling thread.
Result<bool> has_capability(int capability);

}  // namespace isthmus
