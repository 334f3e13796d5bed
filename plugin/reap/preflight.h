// Are we where we think we are, and may we see everything? A reaper in the wrong mount or pid namespace, or without its
// capabilities, sees a host full of dead names: ESTALE and ENOENT are what a missing capability looks like.
#pragma once

#include <string>
#include <vector>

namespace isthmus {

struct Preflight {
  std::vector<std::string> failures;  // what is missing, and what therefore cannot be decided; empty: go on
  std::vector<std::string> scope;     // what lies outside by the caller's word, and what cannot be seen from here
};

// `here`: the caller asserts that the mount and the pid namespace we are in are the whole host to clean.
Preflight check_preflight(bool here);

}  // namespace isthmus
