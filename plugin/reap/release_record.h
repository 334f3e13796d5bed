// Taking down what belongs to an attachment that was proved dead, from its record alone: the same undoing DEL does.
#pragma once

#include <string>

#include "netns/deadline.h"
#include "netns/result.h"
#include "plugin/attachment/record.h"

namespace isthmus {

// Link, files, addresses (the embedded store's, or a delegate's DEL with the configuration in the record), the record
// last. Done when somebody else did it, or when another attachment has taken its place under the same key.
// Fails with [attachment-busy] while an ADD or DEL is at work on it, or with what failed first.
Status release_record(const std::string& state_dir, const Record& judged, Deadline deadline);

// Only the link and the files: what lives on unseen can no longer be reached, and its address stays taken.
Status silence_record(const std::string& state_dir, const Record& judged, Deadline deadline);

}  // namespace isthmus
