#include "plugin/cni/json_writer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace isthmus {
namespace {

TEST(JsonWriterTest, PutsCommasWhereTheyBelong) {
  JsonWriter out;
  out.open_object().key("list").open_list().number(-1).number(2).open_object().close_object().open_list().close_list();
  out.close_list().key("yes").boolean(true).key("none").null().key("texts").texts({"a", "b"}).key("empty").texts({});
  EXPECT_EQ(out.close_object().take(), R"({"list":[-1,2,{},[]],"yes":true,"none":null,"texts":["a","b"],"empty":[]})");
}

// A text that ends like something a comma is left out after.
TEST(JsonWriterTest, IsNotMisledByWhatTextsEndWith) {
  JsonWriter out;
  out.open_list().text("{").text("[").text(":").text("");
  EXPECT_EQ(out.close_list().take(), R"(["{","[",":",""])");
}

TEST(JsonWriterTest, HostileTextsComeBackAsTheyWere) {
  for (std::string text : {"\"", "\\", "\n\t\x01\x7f", "\xc3\xa9", "</script>", "a\"b\\c"}) {
    JsonWriter out;
    out.open_object().key(text).text(text).close_object();
    auto read = nlohmann::json::parse(out.take());
    EXPECT_EQ(read.items().begin().key(), text);
    EXPECT_EQ(read.items().begin().value(), text);
  }
}

TEST(JsonWriterTest, WhatIsNoUtf8IsReplaced) {
  JsonWriter out;
  EXPECT_EQ(out.text("a\xff"
                     "b")
                .take(),
            "\"a\xef\xbf\xbd"
            "b\"");
}

}  // namespace
}  // namespace isthmus
