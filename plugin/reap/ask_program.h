// Asking a runtime's own client program: no library of a runtime is linked, and none of its files is parsed.
#pragma once

#include <string>
#include <vector>

#include "netns/deadline.h"
#include "netns/result.h"

namespace isthmus {

// The program's stdout if it ended with 0. Its stdin and stderr are /dev/null, its descriptors none of ours; at the
// deadline it is killed and left to itself. Looked for along PATH and in /usr/local/bin, /usr/bin, /usr/sbin.
// Fails with err ENOENT when there is no such program, ETIMEDOUT when it is late, or with `detail`.
Result<std::string> ask_program(const std::vector<std::string>& words, Deadline deadline);

}  // namespace isthmus
