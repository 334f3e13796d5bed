// The one place where a whole process goes into a network namespace: right before it becomes another program.
#pragma once

#include <string>

#include "netns/netns_fd.h"
#include "netns/result.h"

namespace isthmus {

// Takes this process into `netns` for good, in a mount namespace of its own from which nothing comes back: there, /sys
// shows the devices of `netns`, and each entry of `etc_dir` (/etc/netns/NAME; empty: none) lies over the one of the
// same name in /etc, also where that is a symbolic link, as `ip netns exec` does (man 8 ip-netns). Unlike there, what
// is mounted below /sys stays, and a file that cannot be put in its place is an error: the command would read the
// host's.
// Must be called while the process has one thread, and be followed by execve(2): the process is of no other use then.
// Fails with [netns-enter] or [exec-mounts].
Status enter_for_command(const NetnsFd& netns, const std::string& etc_dir);

}  // namespace isthmus
