// What a runtime gets to read when the process dies of a bug or of a signal that can be caught.
#pragma once

namespace isthmus {

// SIGPIPE is ignored; SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTERM and SIGINT print one error object with code 999
// to stdout, unless an answer was begun, and end the process with status 1. Only async-signal-safe calls (man 7
// signal-safety). What a call had done by then is undone from its record by the DEL that follows.
void install_crash_handlers();

// From now on nothing more may be printed to stdout.
void mark_answered();

}  // namespace isthmus
