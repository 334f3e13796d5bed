#include "plugin/cni/json_reader.h"

#include <gtest/gtest.h>

namespace isthmus {
namespace {

JsonValue tree(std::string_view text) {
  auto value = parse_json(text, "the test");
  EXPECT_TRUE(value) << text << ": " << value.error().text();
  return value ? *std::move(value) : JsonValue();
}

JsonObject root(const JsonValue& value) {
  auto object = JsonField(&value, {}).object();
  EXPECT_TRUE(object);
  return *object;
}

std::string failure(std::string_view text) {
  auto value = parse_json(text, "the test");
  EXPECT_FALSE(value) << text;
  return value ? "" : value.error().text();
}

TEST(Json, S01_WhatIsNotOneJsonText) {
  EXPECT_EQ(failure(""), "cannot read the test: it is empty");
  EXPECT_EQ(failure(" \n\t"), "cannot read the test: it is empty");
  EXPECT_NE(failure("\xef\xbb\xbf{}").find("byte order mark"), std::string::npos);
  EXPECT_NE(failure(std::string_view("{}\0x", 4)).find("NUL"), std::string::npos);
  for (const char* bad :
       {"{} x", "{}{}", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "[1,]", "{\"a\":1,}", "'a'", "nul", "01", "1e400",
        "-1e400", "{\"a\":\"\xff\"}", "\"\\ud800\"", "/* c */ {}", "\"a\nb\"", "{a:1}"})
    EXPECT_NE(failure(bad).find("at byte"), std::string::npos) << failure(bad);
  EXPECT_TRUE(parse_json(" \r\n{} \n", "the test"));
}

TEST(Json, S01_DepthAndSizeAreBounded) {
  auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_json(nested(kMaxJsonDepth), "the test"));
  EXPECT_NE(failure(nested(kMaxJsonDepth + 1)).find("nested deeper than 64"), std::string::npos);
  EXPECT_NE(failure(std::string(1 << 20, '[')).find("nested deeper"), std::string::npos);
  std::string objects;
  for (int i = 0; i < 100000; ++i)
    objects += "{\"a\":";
  EXPECT_NE(failure(objects).find("nested deeper"), std::string::npos);
  EXPECT_NE(failure("\"" + std::string(kMaxJsonBytes, 'a') + "\"").find("at most"), std::string::npos);
}

TEST(Json, S05_EscapesAreDecoded) {
  JsonValue value = tree(R"({"\u0061": "\u003c\u003e\u0026 \ud83d\ude00 \/"})");
  EXPECT_EQ(*root(value).field("a").text(), "<>& \xf0\x9f\x98\x80 /");
}

TEST(Json, S06_IntegersInEveryForm) {
  for (const char* text : {"1500", "1500.0", "1.5e3", "1500e0", "15E+2"}) {
    JsonValue value = tree(text);
    EXPECT_EQ(*JsonField(&value, "n").integer(), 1500) << text;
  }
  JsonValue big = tree("34359738359");
  EXPECT_EQ(*JsonField(&big, "n").integer(), 34359738359);
  for (const char* text :
       {"1500.5", "\"1500\"", "true", "[]", "{}", "1e300", "18446744073709551615", "9223372036854775808"}) {
    JsonValue value = tree(text);
    auto number = JsonField(&value, "mtu").integer();
    ASSERT_FALSE(number) << text;
    EXPECT_NE(number.error().text().find("'mtu': expected an integer, found "), std::string::npos);
  }
}

TEST(Json, S06_LastDuplicateWinsAndExactBeatsSimilar) {
  JsonValue value = tree(R"({"a":1,"b":1,"a":2,"A":3,"c":1,"C":2})");
  EXPECT_EQ(*root(value).field("a").integer(), 2);
  EXPECT_EQ(*root(value).field("B").integer(), 1);
  EXPECT_EQ(*root(value).field("C").integer(), 2);
  JsonValue similar = tree(R"({"HOSTPORT":1,"HostPort":2})");
  EXPECT_EQ(*root(similar).field("hostPort").integer(), 2);
}

TEST(Json, NullIsAbsentButExists) {
  JsonValue value = tree(R"({"a":null})");
  JsonField field = root(value).field("a");
  EXPECT_TRUE(field.exists());
  EXPECT_FALSE(field.has_value());
  EXPECT_EQ(*field.text(), "");
  EXPECT_FALSE(*field.boolean());
  EXPECT_EQ(*field.integer(), std::nullopt);
  EXPECT_TRUE(field.list()->empty());
  EXPECT_TRUE(field.object()->empty());
  EXPECT_FALSE(root(value).field("b").exists());
}

TEST(Json, ErrorsNameThePathAndWhatWasFound) {
  JsonValue value = tree(R"({"a":{"b":[["x",5]]},"l":["x",null]})");
  auto inner = root(value).field("a").object()->field("b").list()->front().list();
  EXPECT_EQ((*inner)[1].text().error().text(), "cannot use 'a.b[0][1]': expected a string, found the number 5");
  EXPECT_EQ(root(value).field("a").list().error().text(), "cannot use 'a': expected a list, found an object");
  EXPECT_EQ(root(value).field("l").object().error().text(), "cannot use 'l': expected an object, found a list");
  EXPECT_EQ(root(value).field("l").texts().error().text(), "cannot use 'l[1]': expected a string, found null");
  EXPECT_EQ((*inner)[0].boolean().error().text(),
            "cannot use 'a.b[0][0]': expected true or false, found the string 'x'");
}

}  // namespace
}  // namespace isthmus
