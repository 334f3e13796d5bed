// What the log line of a call says beyond its environment; filled in as the call learns it.
#pragma once

#include <string>
#include <vector>

namespace isthmus {

struct Report {
  std::vector<std::string> addresses;
  std::string host_ifname;
  std::string warning;  // for standard error, which a runtime copies to its own log when the call succeeds
  std::string note;     // "removed 3 attachments", "removed a stale one first"
};

}  // namespace isthmus
