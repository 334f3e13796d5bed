// Whether a namespace still has the name an attachment was made by.
#pragma once

#include "plugin/attachment/record.h"

namespace isthmus {

enum class NetnsName {
  same,    // by device and inode; numbers come back, so a dead namespace may look alive
  gone,    // nothing is there, or something else
  unsure,  // not looked at, or no answer
};

// Looks only where no look can wait for a server of files: below /run but for what users mount there, and at
// /proc/PID/ns/net.
NetnsName look_at_netns_name(const Record& record);

}  // namespace isthmus
