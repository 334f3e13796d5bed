// One call by a container runtime: environment and stdin in, one JSON value on stdout, an exit status.
#pragma once

#include <string>

#include "netns/unique_fd.h"
#include "plugin/cni/invocation.h"

namespace isthmus {

// The world of a call; a parameter, so that a test can be one.
struct Io {
  Getenv getenv;
  FdRef in;
  FdRef out;
};

// Runs the verb in CNI_COMMAND. Returns the exit status: 0, or 1 with one error object on stdout.
int run_cni_call(const std::string& command, const Io& io);

}  // namespace isthmus
