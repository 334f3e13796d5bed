// `isthmus exec WHERE -- COMMAND`.
#pragma once

#include <string_view>
#include <vector>

namespace isthmus {

// Does not return when the command runs: it takes the place of this process, with its terminal, signals and status.
// Otherwise 125 (isthmus failed or usage), 126 (the command cannot be run) or 127 (it is not there), as of env(1).
int exec_command(const std::vector<std::string_view>& arguments);

}  // namespace isthmus
