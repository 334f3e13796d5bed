// A path that is well formed is not yet a namespace: it has to be opened and proved.
// expect: invalid initialization|no viable conversion|no matching function|could not convert
#include "netns/namespace_thread.h"

using isthmus::ContainerSide;
using isthmus::Status;

Status caller(const isthmus::NetnsPath& path, const isthmus::NetnsFd& netns) {
  (void)path;
  (void)netns;
  auto nothing = [](const isthmus::InNamespace<ContainerSide>&) -> Status { return isthmus::done; };
#ifdef FIXED
  return isthmus::run_in<ContainerSide>(netns, nothing);
#else
  return isthmus::run_in<ContainerSide>(path, nothing);
#endif
}
