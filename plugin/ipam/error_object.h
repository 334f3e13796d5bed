// The error object another plugin printed (CNI specification, section 5, "Error").
#pragma once

#include <optional>
#include <string_view>

#include "plugin/cni/error.h"

namespace isthmus {

// Code, msg and details as they stand there; nullopt when the text is no error object: no JSON, or without both an
// unsigned "code" and a "msg".
std::optional<CniError> parse_error_object(std::string_view text);

}  // namespace isthmus
