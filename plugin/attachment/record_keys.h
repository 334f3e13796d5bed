// What writing and reading a record have in common.
#pragma once

#include <cstddef>
#include <cstdint>

namespace isthmus {

// Raised when a key is added or changes its meaning. Records do not outlive a boot, so no older format is read.
inline constexpr std::int64_t kRecordFormat = 2;
inline constexpr const char* kPhaseIntent = "intent";
inline constexpr const char* kPhaseComplete = "complete";

}  // namespace isthmus
