// Rows for people: as wide as their content, or as the terminal. Bytes a terminal might obey are replaced.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "netns/result.h"

namespace isthmus {

struct Column {
  std::string_view name;  // upper case, as in the header and in --columns
  bool wide = false;      // only with -o wide or when asked for
  bool number = false;    // to the right
};

// Never the only bearer of a meaning: the word says it too.
enum class Mood { plain, good, warning, bad };

struct Cell {
  std::string text;  // "-" is shown for an empty one
  Mood mood = Mood::plain;
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;  // as many cells as columns
};

struct Screen {
  std::size_t width = 0;  // in columns; 0: no limit, as for a file or a pipe
  bool colour = false;
};

struct TableStyle {
  bool wide = false;
  bool header = true;
  std::vector<std::string> columns;  // by name, in either case; empty: the usual ones
};

// Indexes of the columns to show. Fails with [bad-column], naming those there are.
Result<std::vector<std::size_t>> choose_columns(const Table& table, const TableStyle& style);

// On a screen that is too narrow the longest cells are cut, and end in "...".
std::string render(const Table& table, const std::vector<std::size_t>& columns, const TableStyle& style, Screen screen);

// Without control characters.
std::string printable_text(std::string_view text);
// "1 task", "2 tasks".
std::string plural(std::size_t count, std::string_view what);

}  // namespace isthmus
