// Taking down what belongs to an attachment that was proved dead, from its record alone: the same undoing DEL does.
#pragma once

#include <string>

#include "netns/deadline.h"
#include "netns/result.h"
#include "plugin/attachment/record.h"

namespace isthmus {

struct ReleaseParts {
  bool link = true;  // the host's end, and files
  bool leases = true;
  bool rules = true;
  bool all() const { return link && leases && rules; }
};

// Link, files, addresses (the embedded store's, or a delegate's DEL with the configuration in the record), masquerade;
// the record last. When not all of it is to go the record stays, without what has gone. The link alone: what lives on
// unseen can then no longer be reached, and keeps its address.
// Done when somebody else did it, or when another attachment has taken its place under the same key.
// Fails with [attachment-busy] while an ADD or DEL is at work on it, or with what failed first.
Status release_record(const std::string& state_dir, const Record& judged, ReleaseParts parts, Deadline deadline);

}  // namespace isthmus
