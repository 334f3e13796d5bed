#include "plugin/commands/command.h"

#include <array>
#include <cstdio>
#include <string>

#include "plugin/cni/version_answer.h"
#include "plugin/commands/command_text.h"
#include "plugin/commands/doctor.h"
#include "plugin/commands/exec.h"
#include "plugin/commands/gc.h"
#include "plugin/commands/look.h"
#include "plugin/commands/repair.h"

namespace isthmus {
namespace {

#ifdef __clang__
constexpr const char* kCompiler = "clang " __clang_version__;
#else
constexpr const char* kCompiler = "g++ " __VERSION__;
#endif

int version(const std::vector<std::string_view>& /*arguments*/) {
  std::printf("isthmus %s\nCNI protocol versions supported: %s\ncompiler: %s\n", ISTHMUS_VERSION,
              supported_versions().c_str(), kCompiler);
  return 0;
}

// `isthmus help COMMAND` is what that says of itself.
int help(const std::vector<std::string_view>& arguments) {
  const Command* command = arguments.empty() ? nullptr : find_command(arguments.front());
  if (command != nullptr && command->run != help && command->run != version) return command->run({"--help"});
  print_about(stdout);
  print_usage(stdout);
  return 0;
}

constexpr std::array kCommands = {
    Command{"list", "attachments of this node; with --all every network namespace", list_command},
    Command{"ps", "the same as list", list_command},
    Command{"find", "in which network namespace is this address, link, pid, container?", find_command_line},
    Command{"exec", "run a command in a network namespace", exec_command},
    Command{"doctor", "what is wrong with network namespaces here, why that hurts, what cures it", doctor_command},
    Command{"gc", kGcSummary, gc_command},
    Command{"repair", kRepairSummary, repair_command},
    Command{"completion", "script for bash, zsh or fish", completion_command},
    Command{"man", "manual page of a command, as roff", manual_command},
    Command{"version", "version of the program and of the CNI specifications it speaks", version},
    Command{"help", "this text, or that of a command", help},
};

}  // namespace

const Command* find_command(std::string_view name) {
  if (name == "--version" || name == "-v") name = "version";
  if (name == "--help" || name == "-h") name = "help";
  for (const Command& command : kCommands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

void print_about(std::FILE* to) {
  std::fprintf(to, "CNI isthmus plugin v%s\nCNI protocol versions supported: %s\n", ISTHMUS_VERSION,
               supported_versions().c_str());
}

void print_usage(std::FILE* to) {
  std::fprintf(to,
               "\nAs a plugin: called by the container runtime with CNI_COMMAND and a configuration on stdin.\n"
               "By hand:\n  isthmus COMMAND [options]\n");
  for (const Command& command : kCommands) {
    std::fprintf(to, "  %-12.*s %.*s\n", static_cast<int>(command.name.size()), command.name.data(),
                 static_cast<int>(command.summary.size()), command.summary.data());
  }
}

}  // namespace isthmus
