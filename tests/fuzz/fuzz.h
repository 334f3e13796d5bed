// What every fuzz target shares. A target is one function over bytes in a file of its own, `int fuzz_NAME(Bytes)` in
// NAME.cc: libFuzzer calls it with what it makes up (libfuzzer.cc, `make fuzz`), and replay.cc with the corpus.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "netns/result.h"
#include "plugin/cni/error.h"

namespace isthmus::fuzz {

using Bytes = std::span<const std::uint8_t>;

inline std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Ends the process, saying which property did not hold of what.
void require(bool holds, const char* property, const std::string& of = {});

// One line that a terminal and a log show as it is, with a word of the table in brackets; `only` if it is given.
void require_clear(const CniError& error, std::string_view only = {});
void require_clear(const Error& error, std::string_view only = {});

// Of the kernel's answers: an errno that there is, or a word.
void require_cause(const Error& error);

}  // namespace isthmus::fuzz
