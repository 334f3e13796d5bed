// Foreign text as it may be shown: in plain quotes, at most 64 bytes, everything but printable ASCII as \xNN.
// What is wrong with a name is often what cannot be seen in it.
#pragma once

#include <string>
#include <string_view>

namespace isthmus {

std::string in_quotes(std::string_view text);

// Foreign text in the middle of a line for people: each control character, those of ISO 6429 above ASCII included, and
// each byte that is no UTF-8, becomes `instead`. What other programs and the kernel wrote must neither break the line
// nor reach a terminal as an escape sequence.
std::string without_controls(std::string_view text, char instead = '?');

}  // namespace isthmus
