#pragma once

namespace isthmus {

// "ENOENT" for ENOENT; nullptr for a number that Linux does not use. Nothing is allocated. (errno(3))
const char* errno_symbol(int err);

// "SIGKILL" for SIGKILL; nullptr for a number that is none of the standard signals. (signal(7))
const char* signal_symbol(int signal);

}  // namespace isthmus
