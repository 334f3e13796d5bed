// CLI11, without what its #include <iostream> does to every call of the plugin: that header puts an object into each
// file that includes it which makes eight streams and a locale of thirty facets before main() runs, 44,000 instructions
// and nearly half of what VERSION took. Only the commands that people type use CLI11.
#pragma once

#ifdef _GLIBCXX_IOSTREAM
#error "<iostream> was included before plugin/commands/cli11.h; include this first, or better, do without <iostream>"
#endif
// The include guard of libstdc++'s <iostream>. From GCC 13 on the streams are made in the library itself, when they are
// linked in at all, and the header declares them only, as here.
#define _GLIBCXX_IOSTREAM 1
#include <iosfwd>

namespace std {
extern istream cin;
extern ostream cout;
extern ostream cerr;
extern ostream clog;
}  // namespace std

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace isthmus {

// To be had in the function that parses: CLI11 may use the streams.
using StreamsInUse = std::ios_base::Init;

}  // namespace isthmus
