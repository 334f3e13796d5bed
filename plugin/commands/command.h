// The commands a person types: `isthmus COMMAND [options]`.
#pragma once

#include <cstdio>
#include <string_view>
#include <vector>

namespace isthmus {

struct Command {
  std::string_view name;
  std::string_view summary;  // one line of the usage text
  // Arguments behind the command's name. Returns the exit status.
  int (*run)(const std::vector<std::string_view>& arguments);
};

// nullptr: no such command.
const Command* find_command(std::string_view name);

// The two lines every CNI plugin prints when it is run by hand, and the usage text.
void print_about(std::FILE* to);
void print_usage(std::FILE* to);

}  // namespace isthmus
