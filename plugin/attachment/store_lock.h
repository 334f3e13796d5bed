// Places in the lock file.
#pragma once

#include <cstdint>

namespace isthmus {

// An attachment's byte is at 62 bits of a hash of its key; the whole directory's is the first one behind those.
inline constexpr std::int64_t kBootLockOffset = std::int64_t{1} << 62;

}  // namespace isthmus
