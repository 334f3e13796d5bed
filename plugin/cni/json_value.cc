#include "plugin/cni/json_value.h"

#include <nlohmann/json.hpp>

#include "netlink/quoted.h"

namespace isthmus {
namespace {

// Builds the tree from the parser's events; the parser itself does not recurse, so depth is bounded here.
class TreeBuilder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  JsonValue take() { return std::move(root_); }
  const std::string& failure() const { return failure_; }

  bool null() override {
    place();
    return true;
  }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(std::int64_t{value}); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<std::uint64_t>(INT64_MAX)) return add(static_cast<double>(value));
    return add(static_cast<std::int64_t>(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override {
    place().data.emplace<std::string>(std::move(value));
    return true;
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open<JsonValue::Members>(); }
  bool start_array(std::size_t) override { return open<JsonValue::List>(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    auto& members = *std::get_if<JsonValue::Members>(&open_.back()->data);
    if (members.empty()) members.reserve(8);  // hardly any has more, and growing moves all that are there
    members.emplace_back().key = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception& cause) override {
    constexpr int kNumberOutOfRange = 406;
    failure_ = cause.id == kNumberOutOfRange ? "number out of range at byte " : "syntax error at byte ";
    failure_ += std::to_string(position);
    if (!token.empty())
      failure_ += ", near " + isthmus::in_quotes(token.substr(token.size() > 40 ? token.size() - 40 : 0));
    return false;
  }

 private:
  // A place for the next value. An open container is the last one in its parent, which therefore does not grow:
  // pointers stay valid.
  JsonValue& place() {
    if (open_.empty()) return root_;
    if (auto* list = std::get_if<JsonValue::List>(&open_.back()->data)) return list->emplace_back();
    return std::get_if<JsonValue::Members>(&open_.back()->data)->back().value;
  }
  template <class T>
  bool add(T value) {
    place().data.emplace<T>(std::move(value));
    return true;
  }
  template <class Container>
  bool open() {
    if (open_.size() == kMaxJsonDepth) {
      failure_ = "nested deeper than " + std::to_string(kMaxJsonDepth);
      return false;
    }
    JsonValue& value = place();
    value.data.emplace<Container>();
    open_.push_back(&value);
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  JsonValue root_;
  std::vector<JsonValue*> open_;
  std::string failure_;
};

// What the library would let pass: it skips a byte order mark and takes a NUL byte for the end.
std::string refused_before_parsing(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return "it is empty";
  if (text.size() > kMaxJsonBytes)
    return "it has " + std::to_string(text.size()) + " bytes, at most " + std::to_string(kMaxJsonBytes) + " are read";
  if (text.starts_with("\xef\xbb\xbf")) return "it starts with a byte order mark";
  if (text.find('\0') != std::string_view::npos) return "it contains a NUL byte";
  return {};
}

struct Describer {
  bool with_type;
  std::string operator()(std::nullptr_t) const { return "null"; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return number(std::to_string(value)); }
  std::string operator()(double value) const { return number(nlohmann::json(value).dump()); }
  std::string operator()(const std::string& value) const {
    return (with_type ? "the string " : "") + isthmus::in_quotes(value);
  }
  std::string operator()(const JsonValue::List&) const { return with_type ? "a list" : "[...]"; }
  std::string operator()(const JsonValue::Members&) const { return with_type ? "an object" : "{...}"; }
  std::string number(const std::string& digits) const { return (with_type ? "the number " : "") + digits; }
};

}  // namespace

Result<JsonValue> parse_json(std::string_view text, const std::string& what) {
  if (std::string wrong = refused_before_parsing(text); !wrong.empty()) return Error{"read", what, 0, wrong, {}, {}};
  TreeBuilder builder;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder))
    return Error{"read", what, 0, builder.failure(), {}, {}};
  return builder.take();
}

std::string describe(const JsonValue& value) { return std::visit(Describer{true}, value.data); }

std::string brief(const JsonValue& value) { return std::visit(Describer{false}, value.data); }

}  // namespace isthmus
