// Putting back on the host what somebody took away from attachments that live: from their records, without restarting
// anything. What is inside a container is not touched.
#pragma once

#include <string>
#include <vector>

#include "netlink/masquerade.h"
#include "plugin/attachment/kernel.h"
#include "plugin/attachment/record.h"

namespace isthmus {

struct Restored {
  std::vector<std::string> done;  // one line each, "route to 10.1.0.5": put back, or missing when only looked at
  bool link_is_gone = false;      // nothing can be put back: the container needs a new attachment
};

enum class Restoring { look_only, put_back };

// The host's link, its bridge and flags, addresses, routes and forwarding of one attachment, whose record is complete.
Result<Restored> restore_attachment(Kernel<HostSide>& host, const Record& record, Restoring how, Deadline deadline);

// The masquerade of all these attachments in one transaction; empty when nothing was missing.
Result<std::vector<std::string>> restore_masquerade(const std::vector<Record>& records,
                                                    Restoring how,
                                                    Deadline deadline);

}  // namespace isthmus
