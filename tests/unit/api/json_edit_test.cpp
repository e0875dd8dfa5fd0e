#include "api/json_edit.hpp"

#include <gtest/gtest.h>

#include "api/json.hpp"
#include "base/random.hpp"

namespace dujiang::api {
namespace {

TEST(JsonObjectEdit, LeavesEveryOtherByteAsItCame) {
  const std::string body =
      "  { \"model\" :\t\"a\" ,\n \"x\": [1, {\"model\":\"inner\"}] , \"s\" : \"\\\"}{,\" }  ";
  JsonObjectEdit edit(body);
  EXPECT_FALSE(edit.changed());
  EXPECT_EQ(edit.text(), body);
  edit.set("model", "\"b\"");
  EXPECT_EQ(edit.text(),
            "  { \"model\" :\t\"b\" ,\n \"x\": [1, {\"model\":\"inner\"}] , \"s\" : \"\\\"}{,\" }  ");
  edit.remove("x");
  EXPECT_EQ(edit.text(), "  { \"model\" :\t\"b\" , \"s\" : \"\\\"}{,\" }  ");
  edit.remove("model");
  EXPECT_EQ(edit.text(), "  { \"s\" : \"\\\"}{,\" }  ");
}

TEST(JsonObjectEdit, AppendsToAnEmptyAndAFullObject) {
  JsonObjectEdit empty("{ }");
  empty.set("a", "1");
  EXPECT_EQ(empty.text(), R"({"a":1})");
  JsonObjectEdit full(R"({"a":1})");
  full.set("b", "[2]");
  full.set("b", "3");
  EXPECT_EQ(full.text(), R"({"a":1,"b":3})");
  EXPECT_EQ(full.get("b"), "3");
  full.remove("b");
  EXPECT_EQ(full.get("b"), std::nullopt);
  EXPECT_EQ(full.text(), R"({"a":1})");
}

TEST(JsonObjectEdit, MeetsKeysThatAreWrittenWithEscapesOrTwice) {
  JsonObjectEdit escaped(R"({"\u006dodel":"a"})");
  EXPECT_EQ(escaped.get("model"), R"("a")");
  escaped.set("model", R"("b")");
  EXPECT_EQ(escaped.text(), R"({"\u006dodel":"b"})");
  JsonObjectEdit doubled(R"({"a":1,"b":2,"a":3})");
  doubled.set("a", "9");
  EXPECT_EQ(doubled.text(), R"({"a":9,"b":2})");
}

TEST(JsonObjectEdit, RenamesInPlace) {
  JsonObjectEdit edit(R"({"a":1,"b":2,"c":3})");
  edit.rename("a", "c");
  EXPECT_EQ(edit.text(), R"({"c":1,"b":2})");
  edit.rename("missing", "b");
  edit.rename("b", "b");
  EXPECT_EQ(edit.text(), R"({"c":1,"b":2})");
}

TEST(JsonSpans, FindMembersAndElements) {
  const auto members = json_members(R"( {"a" : "x,y" , "b":{"c":[1,2]}, "d":-1.5e3} )");
  ASSERT_EQ(members.size(), 3u);
  EXPECT_EQ(members[0].key, "a");
  EXPECT_EQ(members[0].value, R"("x,y")");
  EXPECT_EQ(members[1].value, R"({"c":[1,2]})");
  EXPECT_EQ(members[2].value, "-1.5e3");
  EXPECT_TRUE(json_members("{}").empty());
  EXPECT_TRUE(json_members("[1]").empty());
  const auto elements = json_elements("[ 1 , \"],\" ,[2,[3]], {} ]");
  ASSERT_EQ(elements.size(), 4u);
  EXPECT_EQ(elements[1], "\"],\"");
  EXPECT_EQ(elements[2], "[2,[3]]");
  EXPECT_TRUE(json_elements("[ ]").empty());
  EXPECT_TRUE(json_elements("{}").empty());
}

TEST(JsonQuote, RoundTripsThroughTheParser) {
  using namespace std::string_literals;
  const std::string text = "\"\\/\b\f\n\r\t\x01\0 é€😀"s;
  JsonParser parser;
  const std::string literal = json_quote(text);
  const auto root = parser.parse(literal);
  ASSERT_TRUE(root) << literal;
  EXPECT_EQ(root->string(), text);
  EXPECT_EQ(json_unquote(literal), text);
  EXPECT_EQ(json_unquote(R"("\ud83d\ude00\u20ac\u00e9\/")"), "😀€é/");
}

TEST(JsonQuote, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(json_quote("a\xff\xc3"), "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
  EXPECT_EQ(json_quote("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

// Spans are used on validated texts; on anything else they must at least stay inside it (the sanitizers
// watch).
TEST(JsonSpans, SurviveTextsThatAreNotJson) {
  base::Random random(3);
  constexpr std::string_view kAlphabet = R"({}[]",:\ux1 )";
  for (int round = 0; round < 20000; ++round) {
    std::string text = round % 2 == 0 ? "{" : "[";
    const std::size_t length = random.next() % 24;
    for (std::size_t i = 0; i < length; ++i) text += kAlphabet[random.next() % kAlphabet.size()];
    const std::string copy(text.begin(), text.end());
    json_members(copy);
    json_elements(copy);
    json_unquote(copy);
    JsonObjectEdit edit(copy);
    edit.set("x", "1");
    edit.text();
  }
}

}  // namespace
}  // namespace dujiang::api
