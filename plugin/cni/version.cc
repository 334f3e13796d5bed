#include "plugin/cni/version.h"

#include <algorithm>

namespace isthmus {

std::optional<SpecVersion> parse_version(std::string_view text) {
  const auto* found = std::find(kVersionNames.begin(), kVersionNames.end(), text);
  if (found == kVersionNames.end()) return std::nullopt;
  return static_cast<SpecVersion>(found - kVersionNames.begin());
}

}  // namespace isthmus
