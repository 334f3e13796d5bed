// The environment that other programs get from us.
#pragma once

#include <string_view>

namespace isthmus {

// Whether a variable changes what code a program runs before its first line: the C library's (the list for set-user-ID
// programs, glibc's sysdeps/generic/unsecvars.h) and the shells'. They may have reached us from a container's
// configuration by way of a careless runtime, and no delegate has a use for them. `variable` is "NAME=value".
bool is_unsafe_for_children(std::string_view variable);

}  // namespace isthmus
