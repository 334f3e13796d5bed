// What list, find and doctor say to programs: {"apiVersion":"isthmus/v1","kind":...,"generatedAt":...,"items":[...]}.
// Keys stay; new ones may come. Integers are integers, ids are whole, times are RFC 3339, an empty list is [].
#pragma once

#include <string>
#include <vector>

#include "plugin/inspect/attachments.h"
#include "plugin/inspect/node.h"

namespace isthmus {

std::string netns_json(const Node& node);

// "2026-01-31T08:00:00Z".
std::string rfc3339(std::int64_t seconds);

}  // namespace isthmus
