#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "plugin/commands/cni_call.h"
#include "plugin/commands/command.h"
#include "plugin/commands/crash.h"
#include "plugin/commands/io.h"

namespace {

std::optional<std::string> environment(std::string_view name) {
  const char* value = getenv(std::string(name).c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

int run(int argc, char** argv) {
  using namespace isthmus;
  // A first argument that is a command wins, so that a shell in which CNI_COMMAND is exported stays usable.
  if (argc > 1) {
    if (const Command* command = find_command(argv[1])) return command->run({argv + 2, argv + argc});
  }
  if (auto verb = environment("CNI_COMMAND")) {
    install_crash_handlers();
    return run_cni_call(*verb, {environment, FdRef::borrow(STDIN_FILENO), FdRef::borrow(STDOUT_FILENO)});
  }
  print_about(stderr);
  print_usage(stderr);
  if (argc <= 1) return 0;
  std::fprintf(stderr, "\nisthmus: there is no command '%s'\n", argv[1]);
  return 2;
}

}  // namespace

// Exceptions are for bugs and for memory; they end here and nowhere else.
int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& bug) {
    isthmus::CniError error(999, std::string("isthmus failed: ") + bug.what() + " [internal]; please report this");
    isthmus::mark_answered();
    auto told = isthmus::write_all(isthmus::FdRef::borrow(STDOUT_FILENO), to_json(error, isthmus::kNewestVersion),
                                   isthmus::Deadline::in(std::chrono::seconds(1)));
    return told ? 1 : 2;
  }
}
