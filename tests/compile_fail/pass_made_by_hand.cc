// Only run_in() and run_at_home() give out the pass of a namespace.
// expect: private
#include "netns/namespace_thread.h"

isthmus::Status caller() {
#ifdef FIXED
  return isthmus::run_at_home(
      [](const isthmus::InNamespace<isthmus::HostSide>&) -> isthmus::Status { return isthmus::done; });
#else
  isthmus::InNamespace<isthmus::HostSide> pass;
  return isthmus::done;
#endif
}
