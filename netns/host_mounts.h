// Going to the host's mount namespace for good: for a container that does a host's work.
#pragma once

#include "netns/result.h"

namespace isthmus {

// The whole process enters the mount namespace of pid 1 and stands in its root directory. Must be called before any
// thread is started: setns(2) refuses otherwise. Done when it is there already.
// Fails with [host-mounts]: no CAP_SYS_ADMIN or CAP_SYS_CHROOT, or pid 1 cannot be read.
Status enter_host_mounts();

}  // namespace isthmus
