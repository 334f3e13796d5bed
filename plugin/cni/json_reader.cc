#include "plugin/cni/json_reader.h"

#include <algorithm>
#include <cmath>

#include "netlink/quoted.h"

namespace isthmus {
namespace {

// Nullopt for a fraction and for what 64 bits do not hold.
std::optional<std::int64_t> whole_number(double number) {
  constexpr double kTwoToThe63 = 9223372036854775808.0;
  if (!(number >= -kTwoToThe63 && number < kTwoToThe63) || std::trunc(number) != number) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

char lower(char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte; }

}  // namespace

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

std::string JsonField::path() const {
  if (index_ != kNoIndex) return path_ + "[" + std::to_string(index_) + "]";
  if (key_.empty()) return path_;
  return path_.empty() ? std::string(key_) : path_ + "." + std::string(key_);
}

bool JsonField::has_value() const { return value_ != nullptr && !std::holds_alternative<std::nullptr_t>(value_->data); }

Error JsonField::error(std::string detail) const {
  const std::string where = path();
  return Error{"use", where.empty() ? "the text" : in_quotes(where), 0, std::move(detail), {}, {}};
}

Error JsonField::error(const Error& cause) const {
  return Error{"use", in_quotes(path()) + " = " + cause.object, cause.err, cause.detail, {}, cause.hint};
}

Error JsonField::wrong_type(const char* expected) const {
  return error(std::string("expected ") + expected + ", found " + describe(*value_));
}

Result<std::string> JsonField::text() const {
  if (!has_value()) return std::string();
  if (const auto* text = std::get_if<std::string>(&value_->data)) return *text;
  return wrong_type("a string");
}

Result<bool> JsonField::boolean() const {
  if (!has_value()) return false;
  if (const auto* flag = std::get_if<bool>(&value_->data)) return *flag;
  return wrong_type("true or false");
}

Result<std::optional<std::int64_t>> JsonField::integer() const {
  if (!has_value()) return std::optional<std::int64_t>();
  if (const auto* number = std::get_if<std::int64_t>(&value_->data)) return std::optional(*number);
  if (const auto* number = std::get_if<double>(&value_->data))
    if (auto whole = whole_number(*number)) return whole;
  return wrong_type("an integer");
}

Result<std::vector<JsonField>> JsonField::list() const {
  std::vector<JsonField> fields;
  if (!has_value()) return fields;
  const auto* list = std::get_if<JsonValue::List>(&value_->data);
  if (list == nullptr) return wrong_type("a list");
  fields.reserve(list->size());
  const std::string own = path();
  for (const JsonValue& element : *list)
    fields.push_back(JsonField(&element, own, {}, fields.size()));
  return fields;
}

Result<std::vector<std::string>> JsonField::texts() const {
  TRY(std::vector<JsonField> elements, list());
  std::vector<std::string> texts;
  for (const JsonField& element : elements) {
    if (!element.has_value()) return element.wrong_type("a string");
    TRY(std::string text, element.text());
    texts.push_back(std::move(text));
  }
  return texts;
}

Result<JsonObject> JsonField::object() const {
  if (!has_value()) return JsonObject(nullptr, path());
  const auto* members = std::get_if<JsonValue::Members>(&value_->data);
  if (members == nullptr) return wrong_type("an object");
  return JsonObject(members, path());
}

JsonField JsonObject::field(std::string_view key) const {
  const JsonValue* exact = nullptr;
  const JsonValue* similar = nullptr;
  if (members_ != nullptr) {
    for (const JsonMember& member : *members_) {
      if (member.key.size() != key.size()) continue;
      if (member.key == key) {
        exact = &member.value;
      } else if (equal_ignoring_case(member.key, key)) {
        similar = &member.value;
      }
    }
  }
  return JsonField(exact != nullptr ? exact : similar, path_, key, JsonField::kNoIndex);
}

std::span<const JsonMember> JsonObject::members() const {
  if (members_ == nullptr) return {};
  return *members_;
}

std::string JsonObject::path_of(std::string_view key) const {
  return JsonField(nullptr, path_, key, JsonField::kNoIndex).path();
}

}  // namespace isthmus
