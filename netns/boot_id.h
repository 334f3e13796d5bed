// Which boot this is: what a record written before a reboot is told apart by.
#pragma once

#include <string>

#include "netns/result.h"

namespace isthmus {

// The kernel's random id of this boot, 36 bytes like "7a1c6ce4-0d51-4b0a-9d1c-6f2f4f7f4f3e" (man 5 proc,
// /proc/sys/kernel/random). Fails with [boot-id].
Result<std::string> boot_id();

}  // namespace isthmus
