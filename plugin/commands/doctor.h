// `isthmus doctor`.
#pragma once

#include <string_view>
#include <vector>

namespace isthmus {

// Exit status: 0 nothing found, 1 findings, 2 could not look or usage, 3 nothing found, and a part could not be seen.
int doctor_command(const std::vector<std::string_view>& arguments);

}  // namespace isthmus
