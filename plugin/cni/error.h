// The error a runtime sees: one JSON object on stdout (CNI specification, section 5, "Error").
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netns/result.h"
#include "plugin/cni/version.h"

namespace isthmus {

struct CniError {
  unsigned code = 999;  // section 5's table; 100 and up are ours
  std::string msg;      // conclusion first, one line; runtimes show `msg; details` and never the code
  std::string details;

  CniError() = default;
  // Code from the word (code_of_word), msg from Error::text(). The failure of a system call without a word of its own
  // gets [system-call].
  CniError(const Error& error);  // NOLINT(google-explicit-constructor): so that TRY carries an Error upwards
  // For a delegate's own error object, passed on unchanged, and for the fixed texts of the specification.
  CniError(unsigned code, std::string msg, std::string details = {});

  bool operator==(const CniError&) const = default;
};

// What verbs and everything above netlink/ return.
template <class T>
using Answer = Result<T, CniError>;
using AnswerStatus = Result<Done, CniError>;

// Each greppable word with the CNI code it is reported under. docs/errors.md has one section for each; a test compares.
struct ErrorWord {
  std::string_view word;
  unsigned code;
};
std::span<const ErrorWord> error_words();
// 999 for a word that is not in the table.
unsigned code_of_word(std::string_view word);

// Several failures as one error: the first one's code; "N things failed: a; b; c" as msg when there is more than one.
CniError join_errors(const std::vector<CniError>& errors);

// The JSON object, one line, newline at the end.
std::string to_json(const CniError& error, SpecVersion version);

}  // namespace isthmus
