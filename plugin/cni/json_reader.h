// Typed access to a JSON tree with the leniency of Go's decoder and errors that name the key.
// Keys match exactly or else in any case (containerd writes "HostPort" for "hostPort"), the last duplicate wins, and
// null counts as absent. Integers may be written 1500, 1500.0 or 1.5e3.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netns/result.h"
#include "plugin/cni/json_value.h"

namespace isthmus {

class JsonObject;

// ASCII only, as all keys are.
bool equal_ignoring_case(std::string_view left, std::string_view right);

// A value and where it stands, or the place where one could stand. Borrows the tree, and the key it was asked for: its
// path is needed for errors alone, and put together only then.
class JsonField {
 public:
  // `value` null: the key is absent. `path`: "ipam.ranges[0][1].subnet"; empty for the whole text.
  JsonField(const JsonValue* value, std::string path) : value_(value), path_(std::move(path)) {}

  // The key is there, be its value null.
  bool exists() const { return value_ != nullptr; }
  bool has_value() const;
  // Precondition: exists().
  const JsonValue& value() const { return *value_; }
  std::string path() const;

  // Each fails, without a word, if the value has another type. Absent: "", false, nullopt, {}.
  Result<std::string> text() const;
  Result<bool> boolean() const;
  Result<std::optional<std::int64_t>> integer() const;
  Result<std::vector<JsonField>> list() const;
  Result<std::vector<std::string>> texts() const;
  Result<JsonObject> object() const;

  // "cannot use 'PATH': DETAIL", without a word.
  Error error(std::string detail) const;
  // "cannot use 'mtu' = 20 as an MTU: ...": the failure of a value's own factory with the key in front, without a word.
  Error error(const Error& cause) const;

 private:
  friend class JsonObject;
  static constexpr std::size_t kNoIndex = SIZE_MAX;
  JsonField(const JsonValue* value, std::string parent, std::string_view key, std::size_t index)
      : value_(value), path_(std::move(parent)), key_(key), index_(index) {}
  Error wrong_type(const char* expected) const;
  const JsonValue* value_;
  std::string path_;  // without what follows
  std::string_view key_;
  std::size_t index_ = kNoIndex;
};

class JsonObject {
 public:
  // `members` null: an object without members.
  JsonObject(const JsonValue::Members* members, std::string path) : members_(members), path_(std::move(path)) {}
  JsonField field(std::string_view key) const;
  bool empty() const { return members_ == nullptr || members_->empty(); }
  // In the order of the text, duplicates included.
  std::span<const JsonMember> members() const;
  std::string path_of(std::string_view key) const;
  const std::string& path() const { return path_; }

 private:
  const JsonValue::Members* members_;
  std::string path_;
};

}  // namespace isthmus
