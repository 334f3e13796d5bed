// The command line of each command as data: what completion and manual pages are made of, so that neither can tell of
// an option that is not there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace isthmus {

struct OptionText {
  std::vector<std::string> names;  // "-o", "--output"; without dashes: an argument
  bool takes_value = false;
  std::string text;
  std::string fallback;  // value when it is not given; empty: none
};

struct CommandText {
  std::string name;  // "gc"
  std::string description;
  std::vector<std::string> examples;  // whole command lines
  std::vector<OptionText> options;
  std::string footer;  // exit statuses
};

CommandText text_of(const CLI::App& app);

// All commands that have options, in the order of the usage text.
std::vector<CommandText> command_texts();

// "bash", "zsh" or "fish"; empty text for any other shell.
std::string completion_script(std::string_view shell, const std::vector<CommandText>& commands);

// Roff, section 8: of one command, or with an empty name of the program. Empty text: there is no such command.
std::string manual_page(std::string_view name, const std::vector<CommandText>& commands);

int completion_command(const std::vector<std::string_view>& arguments);
int manual_command(const std::vector<std::string_view>& arguments);

}  // namespace isthmus
