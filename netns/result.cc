#include "netns/result.h"

#include <cerrno>
#include <system_error>

#include "netns/symbols.h"

namespace isthmus {

namespace {

// strerror with the symbol behind it: people search for the one, programs for the other.
std::string reason(int err) {
  const char* symbol = errno_symbol(err);
  return std::generic_category().message(err) + " (" + (symbol ? symbol : "errno " + std::to_string(err)) + ")";
}

}  // namespace

std::string Error::text() const {
  std::string out = "cannot " + doing;
  if (!object.empty()) out += " " + object;
  if (err != 0) out += ": " + reason(err);
  if (!detail.empty()) out += ": " + detail;
  if (!word.empty()) out += " [" + word + "]";
  if (!hint.empty()) out += "; " + hint;
  return out;
}

Error Error::with_word(std::string new_word) && {
  if (word.empty()) word = std::move(new_word);
  return std::move(*this);
}

Error Error::with_hint(std::string new_hint) && {
  if (hint.empty()) hint = std::move(new_hint);
  return std::move(*this);
}

Error errno_error(std::string doing, std::string object, std::string word) {
  return errno_error_from(errno, std::move(doing), std::move(object), std::move(word));
}

Error errno_error_from(int err, std::string doing, std::string object, std::string word) {
  return Error{std::move(doing), std::move(object), err, {}, std::move(word), {}};
}

}  // namespace isthmus
