// Whose name a namespace's name was, after the attachment has gone. Private to the store.
#pragma once

#include <string>

#include "netns/unique_fd.h"
#include "plugin/attachment/record.h"

namespace isthmus {

inline constexpr const char* kReleased = "released";

// The namespace the record tells of has its name, as far as device and inode tell. False for names that are not below
// /run, for /proc/PID/ns/net, and for a record without a cookie, which could prove nothing later.
bool has_its_name(const Record& record);

// One file name for (attachment, namespace): "<hash>:<last part of the name>".
std::string released_name(const Record& record);

// Removes a few names from that directory, just opened, whose namespaces have lost theirs; not `but`.
void sweep_some_released(FdRef released, const std::string& but);

}  // namespace isthmus
