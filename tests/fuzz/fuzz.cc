#include "tests/fuzz/fuzz.h"

#include <cstdio>
#include <cstdlib>

namespace isthmus::fuzz {
namespace {

bool is_control(char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; }

void require_one_line(const std::string& text) {
  for (char byte : text)
    require(!is_control(byte), "an error's text has no control characters", text);
}

constexpr int kLargestErrno = 4095;  // MAX_ERRNO, linux/err.h

}  // namespace

void require(bool holds, const char* property, const std::string& of) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n  of: %s\n", property, of.c_str());
  std::abort();
}

void require_clear(const CniError& error, std::string_view only) {
  require_one_line(error.msg);
  for (const ErrorWord& row : error_words()) {
    if (!only.empty() && row.word != only) continue;
    if (error.msg.find("[" + std::string(row.word) + "]") != std::string::npos) return;
  }
  require(false, "an error has the word that the header promises", error.msg);
}

void require_clear(const Error& error, std::string_view only) {
  require(error.err >= 0 && error.err <= kLargestErrno, "an errno that there is", error.text());
  require(code_of_word(error.word) != code_of_word(""), "an error's word has a code", error.text());
  require_clear(CniError(error), only);
}

void require_cause(const Error& error) {
  require(error.err >= 0 && error.err <= kLargestErrno, "an errno that there is", error.text());
  require(error.err != 0 || !error.word.empty(), "an error has an errno or a word", error.text());
  require_one_line(CniError(error).msg);
}

}  // namespace isthmus::fuzz
