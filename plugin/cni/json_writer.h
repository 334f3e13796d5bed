// JSON written front to back, without a tree: for what is written on every call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace isthmus {

// Commas follow from the order of the calls; that it is an order that makes sense is the caller's promise.
class JsonWriter {
 public:
  JsonWriter& open_object() { return open('{'); }
  JsonWriter& close_object() { return close('}'); }
  JsonWriter& open_list() { return open('['); }
  JsonWriter& close_list() { return close(']'); }
  // Of a member; one of its value's calls follows.
  JsonWriter& key(std::string_view name);
  // Any bytes: what is no UTF-8 becomes U+FFFD.
  JsonWriter& text(std::string_view value);
  JsonWriter& number(std::int64_t value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  JsonWriter& texts(const std::vector<std::string>& values);

  // Ends the object's use.
  std::string take() { return std::move(out_); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();
  std::string out_;
};

}  // namespace isthmus
