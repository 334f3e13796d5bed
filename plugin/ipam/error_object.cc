#include "plugin/ipam/error_object.h"

#include <limits>

#include "plugin/cni/json_reader.h"

namespace isthmus {

std::optional<CniError> parse_error_object(std::string_view text) {
  auto json = parse_json(text, "the error object");
  if (!json) return std::nullopt;
  auto object = JsonField(&*json, "").object();
  if (!object) return std::nullopt;
  auto code = object->field("code").integer();
  auto msg = object->field("msg").text();
  auto details = object->field("details").text();
  if (!code || !code->has_value() || !msg || !object->field("msg").has_value()) return std::nullopt;
  if (**code < 0 || **code > std::numeric_limits<unsigned>::max()) return std::nullopt;
  return CniError(static_cast<unsigned>(**code), *msg, details ? *details : "");
}

}  // namespace isthmus
