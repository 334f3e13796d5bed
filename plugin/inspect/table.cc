#include "plugin/inspect/table.h"

#include <algorithm>
#include <cctype>

namespace isthmus {
namespace {

constexpr std::string_view kGap = "  ";
constexpr std::string_view kCut = "...";
constexpr std::size_t kNarrowest = 4;

std::string upper(std::string text) {
  for (char& c : text)
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string_view colour_of(Mood mood) {
  switch (mood) {
    case Mood::good:
      return "\033[32m";
    case Mood::warning:
      return "\033[33m";
    case Mood::bad:
      return "\033[31m";
    case Mood::plain:
      break;
  }
  return {};
}

std::string shown(const Cell& cell) { return cell.text.empty() ? "-" : printable_text(cell.text); }

std::vector<std::size_t> natural_widths(const Table& table, const std::vector<std::size_t>& columns, bool header) {
  std::vector<std::size_t> widths;
  for (std::size_t column : columns) {
    std::size_t width = header ? table.columns[column].name.size() : 0;
    for (const auto& row : table.rows)
      width = std::max(width, shown(row[column]).size());
    widths.push_back(width);
  }
  return widths;
}

// Takes from the widest, a column at a time, so that short ones stay whole.
void fit(std::vector<std::size_t>& widths, std::size_t screen) {
  auto total = [&] {
    std::size_t sum = kGap.size() * (widths.size() - 1);
    for (std::size_t width : widths)
      sum += width;
    return sum;
  };
  while (!widths.empty() && total() > screen) {
    auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= kNarrowest) return;
    --*widest;
  }
}

std::string cut_to(std::string text, std::size_t width) {
  if (text.size() <= width) return text;
  return text.substr(0, width - kCut.size()).append(kCut);
}

}  // namespace

std::string printable_text(std::string_view text) {
  std::string safe(text);
  for (char& byte : safe)
    if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f) byte = '?';
  return safe;
}

std::string plural(std::size_t count, std::string_view what) {
  return std::to_string(count).append(" ").append(what).append(count == 1 ? "" : "s");
}

Result<std::vector<std::size_t>> choose_columns(const Table& table, const TableStyle& style) {
  std::vector<std::size_t> chosen;
  if (style.columns.empty()) {
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      if (style.wide || !table.columns[i].wide) chosen.push_back(i);
    return chosen;
  }
  for (const std::string& name : style.columns) {
    auto found = std::find_if(table.columns.begin(), table.columns.end(),
                              [&](const Column& column) { return column.name == upper(name); });
    if (found == table.columns.end()) {
      std::string all;
      for (const Column& column : table.columns)
        all += (all.empty() ? "" : ", ") + std::string(column.name);
      return Error{"show column", "'" + name + "'", 0, "there is none", "bad-column", "there are " + all};
    }
    chosen.push_back(static_cast<std::size_t>(found - table.columns.begin()));
  }
  return chosen;
}

std::string render(const Table& table,
                   const std::vector<std::size_t>& columns,
                   const TableStyle& style,
                   Screen screen) {
  std::vector<std::size_t> widths = natural_widths(table, columns, style.header);
  if (screen.width != 0) fit(widths, screen.width);
  std::string text;
  auto line = [&](auto cell_of) {
    std::string out;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const Cell cell = cell_of(columns[i]);
      std::string content = cut_to(shown(cell), widths[i]);
      const std::string padding(widths[i] - content.size(), ' ');
      std::string_view colour = screen.colour ? colour_of(cell.mood) : std::string_view();
      if (!colour.empty()) content.insert(0, colour).append("\033[0m");
      out += table.columns[columns[i]].number ? padding + content : content + padding;
      if (i + 1 < columns.size()) out += kGap;
    }
    out.erase(out.find_last_not_of(' ') + 1);
    text += out + "\n";
  };
  if (style.header) line([&](std::size_t column) { return Cell{std::string(table.columns[column].name)}; });
  for (const auto& row : table.rows)
    line([&](std::size_t column) { return row[column]; });
  return text;
}

}  // namespace isthmus
