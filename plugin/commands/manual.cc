// Manual pages, made of the same declarations as --help.
#include <algorithm>

#include "plugin/commands/command_text.h"

namespace isthmus {
namespace {

// Text for roff: a dash is a minus that can be copied, and no line begins with a control character.
std::string roff(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '-') {
      out += "\\-";
    } else if (c == '\\') {
      out += "\\e";
    } else {
      out += c;
    }
  }
  if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
  return out;
}

std::string first_sentence(const std::string& text) { return text.substr(0, text.find(". ")); }

std::string title(const std::string& name) {
  std::string upper = name;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(toupper(c)); });
  return ".TH " + roff(upper) + " 8 \"\" \"isthmus " ISTHMUS_VERSION "\" \"isthmus\"\n";
}

std::string option_entry(const OptionText& option) {
  std::string text = ".TP\n";
  for (std::size_t i = 0; i < option.names.size(); ++i)
    text += (i == 0 ? "" : ", ") + std::string("\\fB") + roff(option.names[i]) + "\\fR";
  if (option.takes_value && option.names.front().starts_with('-')) text += " \\fIVALUE\\fR";
  text += "\n" + roff(option.text);
  if (!option.fallback.empty()) text += " (" + roff(option.fallback) + ")";
  return text + "\n";
}

std::string page_of(const CommandText& command) {
  std::string text = title("isthmus-" + command.name);
  std::string summary = first_sentence(command.description);
  if (summary.ends_with('.')) summary.pop_back();
  text += ".SH NAME\nisthmus\\-" + roff(command.name) + " \\- " + roff(summary) + "\n";
  text += ".SH SYNOPSIS\n\\fBisthmus " + roff(command.name) + "\\fR [\\fIoptions\\fR]";
  for (const OptionText& option : command.options)
    if (!option.names.front().starts_with('-')) text += " \\fI" + roff(option.names.front()) + "\\fR";
  text += "\n.SH EXAMPLES\n.nf\n";
  for (const std::string& example : command.examples)
    text += roff(example) + "\n";
  text += ".fi\n.SH DESCRIPTION\n" + roff(command.description) + "\n.SH OPTIONS\n";
  for (const OptionText& option : command.options)
    text += option_entry(option);
  std::string footer = command.footer;
  if (footer.starts_with("exit: ")) footer.erase(0, 6);
  return text + ".SH EXIT STATUS\n" + roff(footer) +
         "\n.SH SEE ALSO\n\\fBisthmus\\fR(8), \\fBip\\-netns\\fR(8), \\fBlsns\\fR(8)\n";
}

std::string page_of_program(const std::vector<CommandText>& commands) {
  std::string text = title("isthmus");
  text +=
      ".SH NAME\nisthmus \\- CNI plugin, and tools for network namespaces\n"
      ".SH SYNOPSIS\n\\fBisthmus\\fR \\fICOMMAND\\fR [\\fIoptions\\fR]\n.SH DESCRIPTION\n"
      "Called by a container runtime, with CNI_COMMAND in the environment and a configuration on standard input, "
      "isthmus connects containers to their host. By hand it takes one of these commands:\n";
  for (const CommandText& command : commands)
    text += ".TP\n\\fBisthmus\\-" + roff(command.name) + "\\fR(8)\n" + roff(command.description) + "\n";
  return text +
         ".SH ENVIRONMENT\n.TP\n\\fBISTHMUS_STATE_DIR\\fR\nthe plugin's 'stateDir', for all commands\n"
         ".TP\n\\fBNO_COLOR\\fR\nno colours, whatever the terminal\n";
}

}  // namespace

std::string manual_page(std::string_view name, const std::vector<CommandText>& commands) {
  if (name.empty() || name == "isthmus") return page_of_program(commands);
  for (const CommandText& command : commands)
    if (command.name == name || (name == "ps" && command.name == "list")) return page_of(command);
  return {};
}

}  // namespace isthmus
