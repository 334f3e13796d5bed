// JSON text as a tree, the way Go's decoder sees it: members keep their order and their duplicates.
// No JSON library in sight: json_value.cc is the only place that parses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "netns/result.h"

namespace isthmus {

// A configuration has kilobytes; even a list of all attachments for GC stays far below.
inline constexpr std::size_t kMaxJsonBytes = std::size_t{4} << 20;
inline constexpr std::size_t kMaxJsonDepth = 64;

struct JsonMember;
struct JsonValue {
  using List = std::vector<JsonValue>;
  using Members = std::vector<JsonMember>;
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, List, Members> data;
};
struct JsonMember {
  std::string key;
  JsonValue value;
};

// Exactly one JSON value with white space around it. `what` names the text in errors: "the network configuration".
// Fails without a word: empty or more than kMaxJsonBytes, syntax, trailing bytes, byte order mark, invalid UTF-8,
// nesting deeper than kMaxJsonDepth.
Result<JsonValue> parse_json(std::string_view text, const std::string& what);

// For errors: "the string 'x'", "the number 5", "true", "a list", "an object".
std::string describe(const JsonValue& value);
// For errors that quote key and value: "'x'", "5", "true", "[...]", "{...}".
std::string brief(const JsonValue& value);

}  // namespace isthmus
