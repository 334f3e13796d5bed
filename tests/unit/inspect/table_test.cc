#include "plugin/inspect/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isthmus {
namespace {

using ::testing::HasSubstr;

Table sample() {
  Table table;
  table.columns = {{"NAME"}, {"COUNT", false, true}, {"NOTE"}, {"EXTRA", true}};
  table.rows = {{{"web"}, {"7"}, {"fine", Mood::good}, {"x"}}, {{"a\033[31mb"}, {"12"}, {""}, {"y"}}};
  return table;
}

std::string shown(const TableStyle& style, Screen screen) {
  Table table = sample();
  auto columns = choose_columns(table, style);
  EXPECT_TRUE(columns);
  return render(table, *columns, style, screen);
}

TEST(Table, AlignsNumbersRightAndShowsWhatIsEmptyAndWhatIsUnprintable) {
  EXPECT_EQ(shown({}, {}), "NAME     COUNT  NOTE\nweb          7  fine\na?[31mb     12  -\n");
}

TEST(Table, WideShowsAllAndColumnsShowThoseAskedForInTheirOrder) {
  EXPECT_THAT(shown({.wide = true}, {}), HasSubstr("EXTRA"));
  EXPECT_EQ(shown({.header = false, .columns = {"extra", "Name"}}, {}), "x  web\ny  a?[31mb\n");
}

TEST(Table, RefusesAColumnThatIsNotThere) {
  auto columns = choose_columns(sample(), {.columns = {"NAMES"}});
  ASSERT_FALSE(columns);
  EXPECT_EQ(columns.error().word, "bad-column");
  EXPECT_THAT(columns.error().text(), HasSubstr("NAME, COUNT, NOTE, EXTRA"));
}

TEST(Table, CutsTheWidestOnANarrowScreenOnly) {
  Table table;
  table.columns = {{"SHORT"}, {"LONG"}};
  table.rows = {{{"abc"}, {std::string(100, 'l')}}};
  auto columns = *choose_columns(table, {});
  std::string narrow = render(table, columns, {}, {.width = 40});
  EXPECT_EQ(narrow, "SHORT  LONG\nabc    " + std::string(30, 'l') + "...\n");
  EXPECT_THAT(render(table, columns, {}, {.width = 0}), HasSubstr(std::string(100, 'l')));
}

TEST(Table, ColoursCellsWithoutMovingThem) {
  std::string coloured = shown({}, {.width = 0, .colour = true});
  EXPECT_THAT(coloured, HasSubstr("web          7  \033[32mfine\033[0m\n"));
  EXPECT_EQ(shown({}, {}).find('\033'), std::string::npos);
}

}  // namespace
}  // namespace isthmus
