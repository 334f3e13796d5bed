// The commands that show: isthmus list (ps) and find.
#pragma once

#include <string_view>
#include <vector>

namespace isthmus {

int list_command(const std::vector<std::string_view>& arguments);
int find_command_line(const std::vector<std::string_view>& arguments);

}  // namespace isthmus
