#include "plugin/commands/command_text.h"

#include <cstdio>

#include "plugin/commands/cli11.h"
#include "plugin/commands/gc_options.h"
#include "plugin/commands/look_options.h"
#include "plugin/commands/repair.h"

namespace isthmus {
namespace {

// "examples:" and indented lines, before or behind the text: what declares a command writes them once, for people.
void take_examples(std::string& text, std::vector<std::string>& examples) {
  constexpr std::string_view kHeading = "examples:\n";
  std::size_t at = text.find(kHeading);
  if (at == std::string::npos) return;
  std::size_t line = at + kHeading.size();
  while (text.compare(line, 2, "  ") == 0) {
    std::size_t end = std::min(text.find('\n', line), text.size());
    examples.push_back(text.substr(line + 2, end - line - 2));
    line = std::min(end + 1, text.size());
  }
  text.erase(at, line - at);
  text.erase(0, std::min(text.find_first_not_of('\n'), text.size()));
}

}  // namespace

CommandText text_of(const CLI::App& app) {
  CommandText text;
  text.name = app.get_name().substr(app.get_name().find(' ') + 1);
  text.description = app.get_description();
  text.footer = app.get_footer();
  take_examples(text.description, text.examples);
  take_examples(text.footer, text.examples);
  for (const CLI::Option* option : app.get_options()) {
    OptionText one;
    for (const std::string& name : option->get_snames())
      one.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames())
      one.names.push_back("--" + name);
    if (one.names.empty()) one.names.push_back(option->get_name(true));
    one.takes_value = option->get_items_expected_max() > 0;
    one.text = option->get_description();
    one.fallback = option->get_default_str();
    text.options.push_back(std::move(one));
  }
  return text;
}

std::vector<CommandText> command_texts() {
  std::vector<CommandText> all = describe_look_commands();
  all.push_back(describe_gc());
  all.push_back(describe_repair());
  return all;
}

int completion_command(const std::vector<std::string_view>& arguments) {
  std::string script = arguments.size() == 1 ? completion_script(arguments[0], command_texts()) : std::string();
  if (!script.empty()) {
    std::fputs(script.c_str(), stdout);
    return 0;
  }
  bool help = arguments.size() == 1 && (arguments[0] == "-h" || arguments[0] == "--help");
  std::fputs(
      "examples:\n  isthmus completion bash > /etc/bash_completion.d/isthmus\n"
      "  isthmus completion fish > /etc/fish/completions/isthmus.fish\n\n"
      "Usage: isthmus completion bash|zsh|fish\n",
      help ? stdout : stderr);
  return help ? 0 : 2;
}

int manual_command(const std::vector<std::string_view>& arguments) {
  std::string page = arguments.size() <= 1
                         ? manual_page(arguments.empty() ? std::string_view() : arguments[0], command_texts())
                         : std::string();
  if (!page.empty()) {
    std::fputs(page.c_str(), stdout);
    return 0;
  }
  bool help = arguments.size() == 1 && (arguments[0] == "-h" || arguments[0] == "--help");
  std::fputs(
      "examples:\n  isthmus man gc | man -l -\n  isthmus man > /usr/local/share/man/man8/isthmus.8\n\n"
      "Usage: isthmus man [COMMAND]\n",
      help ? stdout : stderr);
  return help ? 0 : 2;
}

}  // namespace isthmus
