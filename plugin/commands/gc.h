// `isthmus gc`: reaps leaked names of network namespaces and what belonged to attachments that are dead.
#pragma once

#include <string_view>
#include <vector>

namespace isthmus {

inline constexpr std::string_view kGcSummary = "reap leaked network namespaces, with a proof for each";

// Exit status: 0 nothing left, 1 findings remain, 2 could not look or usage, 3 partly failed, 130 interrupted.
int gc_command(const std::vector<std::string_view>& arguments);

}  // namespace isthmus
