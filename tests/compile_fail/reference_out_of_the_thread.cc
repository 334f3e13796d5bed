// What a namespace thread answers is a value: nothing of it may live longer by reference.
// expect: nothing may outlive the thread
#include "netns/namespace_thread.h"

isthmus::Status caller(const isthmus::NetnsFd& netns) {
  static isthmus::Status kept = isthmus::done;
#ifdef FIXED
  return isthmus::run_in<isthmus::ContainerSide>(netns, [](const auto&) { return kept; });
#else
  return isthmus::run_in<isthmus::ContainerSide>(netns, [](const auto&) -> isthmus::Status& { return kept; });
#endif
}
