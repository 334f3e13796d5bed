#include "plugin/commands/crash.h"

#include <unistd.h>
#include <csignal>
#include <cstring>

#include <atomic>

namespace isthmus {
namespace {

std::atomic<bool> answered = false;

constexpr char kCrashed[] =
    R"({"cniVersion":"1.1.0","code":999,"msg":"isthmus crashed [internal]; DEL undoes what was begun; please report this"})"
    "\n";
constexpr char kStopped[] =
    R"({"cniVersion":"1.1.0","code":999,"msg":"isthmus was told to stop before it had finished [stopped]; DEL undoes what was begun"})"
    "\n";

void end(int signal) {
  const bool told = signal == SIGTERM || signal == SIGINT;
  if (!answered.exchange(true)) {
    const char* text = told ? kStopped : kCrashed;
    // Nothing can be done about a failure here.
    [[maybe_unused]] ssize_t put = write(STDOUT_FILENO, text, std::strlen(text));
  }
  _exit(1);
}

}  // namespace

void install_crash_handlers() {
  std::signal(SIGPIPE, SIG_IGN);
  struct sigaction action {};
  action.sa_handler = end;
  // One shot: a second crash inside the handler ends the process at once.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTERM, SIGINT})
    sigaction(signal, &action, nullptr);
}

void mark_answered() { answered = true; }

}  // namespace isthmus
