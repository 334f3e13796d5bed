// The result of ADD: what came before in the chain, and behind it our own part.
#pragma once

#include <optional>
#include <string>

#include "plugin/attachment/plan.h"
#include "plugin/cni/cni_result.h"

namespace isthmus {

// Keeps everything of prevResult and appends the bridge if there is one, the host's end, the container's end, addresses
// and routes, with indexes shifted. Our dns takes the place of prevResult's when it says anything.
CniResult merge_result(const std::optional<CniResult>& previous,
                       const Design& own,
                       const CniDns& dns,
                       const std::string& netns);

}  // namespace isthmus
