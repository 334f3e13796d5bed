// Taking an attachment down in the right order, for DEL, GC and an ADD that failed.
#pragma once

#include <optional>

#include "plugin/attachment/record.h"
#include "plugin/attachment/store.h"
#include "plugin/verbs/verbs.h"

namespace isthmus {

// Whether the attachment may hold addresses. An IPAM that has just refused holds none, and may not even be there to
// ask.
enum class Addresses { held, none };

// Link and files first, then the addresses, the record last and only when all else is gone, so that another try finds
// it. The attachment must be locked. `store` is null when the state directory cannot be had. Reports every failure.
std::vector<CniError> release(const Call& call,
                              const AttachmentKey& key,
                              const std::optional<Record>& record,
                              StateStore* store,
                              Addresses addresses = Addresses::held);

// Only the addresses, with the configuration they were taken with.
AnswerStatus release_addresses(const Call& call, const AttachmentKey& key, const std::optional<Record>& record);

}  // namespace isthmus
