// Shell completion. The names of WHERE and WHAT come from /run/netns when Tab is pressed.
#include "plugin/commands/command_text.h"

namespace isthmus {
namespace {

// Not by compgen -W, which would expand what stands in a name.
constexpr const char* kBashNames =
    "      for name in /run/netns/*; do\n        name=${name##*/}\n"
    "        [[ $name == '*' || $name != \"$current\"* ]] || COMPREPLY+=(\"$name\")\n      done\n";

bool takes_place(const CommandText& command) { return command.name == "exec" || command.name == "find"; }

std::string option_words(const CommandText& command) {
  std::string words;
  for (const OptionText& option : command.options)
    for (const std::string& name : option.names)
      if (name.starts_with('-')) words += (words.empty() ? "" : " ") + name;
  return words;
}

// For single quotes.
std::string quoted(const std::string& text, const char* instead) {
  std::string out;
  for (char c : text)
    out += c == '\'' ? std::string(instead) : std::string(1, c);
  return out;
}

std::string bash_script(const std::vector<CommandText>& commands) {
  std::string names = "ps version help completion man";
  for (const CommandText& command : commands)
    names += " " + command.name;
  std::string text =
      "# isthmus(8) completion for bash\n_isthmus() {\n  local current=${COMP_WORDS[COMP_CWORD]} words= name\n  "
      "COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    COMPREPLY=($(compgen -W '" +
      names + "' -- \"$current\"))\n    return\n  fi\n  case ${COMP_WORDS[1]} in\n";
  for (const CommandText& command : commands) {
    text += "    " + command.name + (command.name == "list" ? "|ps" : "") + ")\n";
    if (command.name == "exec") {
      text +=
          "      if [ \"$COMP_CWORD\" -gt 2 ] && [[ ${COMP_WORDS[2]} != -* ]]; then\n"
          "        COMPREPLY=($(compgen -c -f -- \"$current\"))\n        return\n      fi\n";
    }
    text += "      words='" + option_words(command) + "'\n";
    if (takes_place(command)) text += kBashNames;
    text += "      ;;\n";
  }
  text += "    completion) words='bash zsh fish' ;;\n    man) words='" + names +
          "' ;;\n  esac\n"
          "  COMPREPLY+=($(compgen -W \"$words\" -- \"$current\"))\n"
          "  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$current\"))\n}\n"
          "complete -F _isthmus isthmus\n";
  return text;
}

// A text in brackets of _arguments: no brackets, no colons.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (char c : quoted(text, "'\\''"))
    out += c == '[' ? '(' : c == ']' ? ')' : c == ':' ? ' ' : c;
  return out;
}

std::string zsh_script(const std::vector<CommandText>& commands) {
  std::string text =
      "#compdef isthmus\n# isthmus(8) completion for zsh\n_isthmus() {\n  local -a commands names\n  commands=(\n";
  for (const CommandText& command : commands)
    text += "    '" + command.name + ":" + zsh_text(command.description) + "'\n";
  text +=
      "    'ps:the same as list'\n    'version:version of the program'\n    'help:usage'\n"
      "    'completion:scripts for shells'\n    'man:manual pages'\n  )\n"
      "  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n"
      "  names=(${(f)\"$(cd /run/netns 2>/dev/null && print -l *(N))\"})\n  case $words[2] in\n";
  for (const CommandText& command : commands) {
    text += "    " + command.name + (command.name == "list" ? "|ps" : "") +
            ")\n      shift words; (( CURRENT-- ))\n      _arguments";
    for (const OptionText& option : command.options) {
      for (const std::string& name : option.names) {
        if (!name.starts_with('-')) continue;
        text += " \\\n        '" + name + "[" + zsh_text(option.text) + "]" +
                (option.takes_value ? ":value:_files" : "") + "'";
      }
    }
    if (takes_place(command)) text += " \\\n        '1:namespace:($names)'";
    if (command.name == "exec") text += " \\\n        '*:::command:_normal'";
    text += "\n      ;;\n";
  }
  return text + "    completion) _values shell bash zsh fish ;;\n  esac\n}\n_isthmus \"$@\"\n";
}

std::string fish_script(const std::vector<CommandText>& commands) {
  std::string text = "# isthmus(8) completion for fish\ncomplete -c isthmus -f\n";
  auto command_line = [&](const std::string& name, const std::string& description) {
    text += "complete -c isthmus -n __fish_use_subcommand -a " + name + " -d '" + quoted(description, "\\'") + "'\n";
  };
  for (const CommandText& command : commands)
    command_line(command.name, command.description);
  command_line("ps", "The same as list.");
  command_line("version", "Version of the program.");
  command_line("help", "Usage.");
  command_line("completion", "Scripts for shells.");
  command_line("man", "Manual pages.");
  for (const CommandText& command : commands) {
    const std::string when = "complete -c isthmus -n '__fish_seen_subcommand_from " + command.name +
                             (command.name == "list" ? " ps" : "") + "'";
    for (const OptionText& option : command.options) {
      if (!option.names.front().starts_with('-')) continue;
      text += when;
      for (const std::string& name : option.names)
        text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      text += std::string(option.takes_value ? " -r" : "") + " -d '" + quoted(option.text, "\\'") + "'\n";
    }
    if (takes_place(command)) text += when + " -a '(cd /run/netns 2>/dev/null; and string split \" \" -- (echo *))'\n";
  }
  return text + "complete -c isthmus -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n";
}

}  // namespace

std::string completion_script(std::string_view shell, const std::vector<CommandText>& commands) {
  if (shell == "bash") return bash_script(commands);
  if (shell == "zsh") return zsh_script(commands);
  if (shell == "fish") return fish_script(commands);
  return {};
}

}  // namespace isthmus
