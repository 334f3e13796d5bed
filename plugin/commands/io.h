// Whole reads and whole writes on the standard descriptors.
#pragma once

#include <string>
#include <string_view>

#include "netns/deadline.h"
#include "netns/result.h"
#include "netns/unique_fd.h"

namespace isthmus {

// To the end of file, so that a runtime never blocks on a full pipe. Fails with [stdin-read], [stdin-too-large],
// [stdin-timeout] when the writer never closes it.
Result<std::string> read_all(FdRef fd, Deadline deadline);

// Fails with [stdout-write], also when the reader is gone (SIGPIPE must be ignored) or does not read until the
// deadline.
Status write_all(FdRef fd, std::string_view bytes, Deadline deadline);

}  // namespace isthmus
