// The answer to CNI_COMMAND=VERSION, and the list behind it.
#pragma once

#include <string>
#include <string_view>

namespace isthmus {

// One JSON object with a newline: a supported cniVersion on stdin is echoed, everything else gets the newest. Never
// fails: runtimes probe with empty or foreign input (containernetworking/cni#826).
std::string version_answer(std::string_view stdin_bytes);

// "0.1.0, 0.2.0, ...", for people.
std::string supported_versions();

}  // namespace isthmus
