#include "plugin/cni/error.h"

#include <nlohmann/json.hpp>

#include "netlink/quoted.h"

namespace isthmus {
namespace {

// The two parts as a runtime shows them (types/types.go, Error.Error).
std::string shown(const CniError& error) {
  return error.details.empty() ? error.msg : error.msg + "; " + error.details;
}

}  // namespace

CniError::CniError(const Error& error) {
  const bool nameless = error.word.empty() && error.err != 0;
  const Error named = nameless ? Error(error).with_word("system-call") : error;
  code = code_of_word(named.word);
  msg = without_controls(named.text(), ' ');
}

CniError::CniError(unsigned error_code, std::string text, std::string more)
    : code(error_code), msg(std::move(text)), details(std::move(more)) {}

CniError join_errors(const std::vector<CniError>& errors) {
  if (errors.empty()) return CniError(code_of_word("internal"), "an error was reported that did not happen [internal]");
  if (errors.size() == 1) return errors.front();
  std::string text = std::to_string(errors.size()) + " things failed: ";
  for (std::size_t i = 0; i < errors.size(); ++i)
    text += (i == 0 ? "" : "; ") + shown(errors[i]);
  return CniError(errors.front().code, text);
}

std::string to_json(const CniError& error, SpecVersion version) {
  nlohmann::ordered_json object;
  object["cniVersion"] = to_text(version);
  object["code"] = error.code;
  object["msg"] = error.msg;
  if (!error.details.empty()) object["details"] = error.details;
  // File names and other plugins' texts are bytes, not UTF-8: `replace` never throws on them. Escaped to ASCII, because
  // a delegate's text is passed on unchanged, and people have this on their terminals.
  return object.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace isthmus
