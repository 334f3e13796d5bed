// Foreign text as it may be shown: in plain quotes, at most 64 bytes, everything but printable ASCII as \xNN.
// What is wrong with a name is often what cannot be seen in it.
#pragma once

#include <string>
#include <string_view>

namespace isthmus {

std::string in_quotes(std::string_view text);

}  // namespace isthmus
