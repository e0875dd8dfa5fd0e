#include "api/json.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace dujiang::api {
namespace {

TEST(JsonParser, ReadsEveryType) {
  JsonParser parser;
  const auto root =
      parser.parse(R"( {"s":"a\u00e9\n","i":-7,"d":1.5,"b":true,"n":null,"a":[1,"x"],"o":{"k":1}} )");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->find("s")->string(), "aé\n");
  EXPECT_EQ(root->find("i")->integer(), -7);
  EXPECT_EQ(root->find("i")->number(), -7.0);
  EXPECT_EQ(root->find("d")->number(), 1.5);
  EXPECT_EQ(root->find("d")->integer(), std::nullopt);
  EXPECT_EQ(root->find("b")->boolean(), true);
  EXPECT_TRUE(root->find("n")->is_null());
  EXPECT_EQ(root->find("a")->size(), 2u);
  EXPECT_EQ(root->find("o")->find("k")->integer(), 1);
  EXPECT_FALSE(root->find("missing"));
  EXPECT_FALSE(root->find("a")->find("k"));
  EXPECT_EQ(root->size(), 7u);
}

struct Bad {
  std::string text;
  std::size_t offset;
  std::string_view says;
};

TEST(JsonParser, NamesThePlaceAndTheReasonOfAnError) {
  const Bad table[] = {
      {"", 0, "empty"},
      {"  ", 2, "empty"},
      {"{", 1, "ends in the middle"},
      {R"({"a":1)", 6, "ends in the middle"},
      {R"({"a":1,})", 7, "key"},
      {R"({a:1})", 1, "double quotes"},
      {R"({"a" 1})", 5, "':'"},
      {R"({"a":1 "b":2})", 7, "','"},
      {R"([1 2])", 3, "']'"},
      {R"({"a":tru})", 5, "value"},
      {R"({'a':1})", 1, "double quotes"},
      {R"({"a":1} x)", 8, "follows"},
      {R"(["abc)", 1, "no end"},
      {"[\"a\nb\"]", 3, "control character"},
      {R"(["\x"])", 2, "escape"},
      {R"(["\u12g4"])", 2, "hex"},
      {R"(["\ud83d"])", 2, "surrogate"},
      {R"(["\ud83dA"])", 2, "surrogate"},
      {"[\"a\xff\"]", 3, "UTF-8"},
      {"[\"\xc0\xaf\"]", 2, "UTF-8"},
      {"[\"\xed\xa0\x80\"]", 2, "UTF-8"},
      {"[01]", 2, "0"},
      {"[1.]", 3, "digit"},
      {"[-]", 2, "digit"},
      {"[1e999]", 1, "out of range"},
      {"[123456789012345678901234567890]", 1, "out of range"},
  };
  JsonParser parser;
  for (const Bad& bad : table) {
    const auto root = parser.parse(bad.text);
    ASSERT_FALSE(root) << bad.text;
    EXPECT_EQ(root.error().offset, bad.offset) << bad.text << ": " << root.error().what;
    EXPECT_TRUE(root.error().what.contains(bad.says)) << bad.text << ": " << root.error().what;
  }
}

TEST(JsonParser, RefusesNestingBeyondTheLimitOnly) {
  JsonParser parser;
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parser.parse(nested(kMaxJsonDepth)));
  const auto deeper = parser.parse(nested(kMaxJsonDepth + 1));
  ASSERT_FALSE(deeper);
  EXPECT_TRUE(deeper.error().what.contains("nesting"));
  EXPECT_FALSE(parser.parse(std::string(1u << 20, '[')));
}

TEST(JsonParser, GoesOnAfterErrorsAndLargeTexts) {
  JsonParser parser;
  EXPECT_FALSE(parser.parse("{"));
  std::string large = "[";
  while (large.size() < (2u << 20)) large += "1234567,";
  large += "0]";
  ASSERT_TRUE(parser.parse(large));
  const auto small = parser.parse(R"({"a":1})");
  ASSERT_TRUE(small);
  EXPECT_EQ(small->find("a")->integer(), 1);
}

// The exact checker and the fast parser must agree on what is JSON: the one explains what the other refuses.
TEST(JsonParser, AgreesWithTheExactCheckerOnMutatedTexts) {
  const std::string good =
      R"({"model":"m","messages":[{"role":"user","content":"hé \ud83d\ude00 \"q\" \u0041 é€😀"}],"n":-1.5e-3,)"
      R"("t":true,"f":false,"z":null,"e":[],"o":{},"deep":[[[{"a":[0,1,2]}]]]})";
  base::Random random(7);
  JsonParser parser;
  ASSERT_TRUE(parser.parse(good));
  ASSERT_FALSE(locate_json_error(good));
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = good;
    const std::size_t changes = 1 + random.next() % 3;
    for (std::size_t i = 0; i < changes; ++i) {
      const std::size_t at = random.next() % text.size();
      switch (random.next() % 4) {
        case 0:
          text.erase(at, 1 + random.next() % 4);
          break;
        case 1:
          text.insert(at, 1, static_cast<char>(random.next() % 256));
          break;
        case 2:
          text[at] = R"({}[]",:\u0e-.tn )"[random.next() % 17];
          break;
        default:
          text.resize(at + 1);
      }
      if (text.empty()) text = " ";
    }
    const bool parsed = parser.parse(text).has_value();
    const auto error = locate_json_error(text);
    ASSERT_EQ(parsed, !error.has_value()) << text << (error ? "\n" + error->what : "");
    if (error) {
      ++refused;
      ASSERT_LE(error->offset, text.size());
    }
  }
  EXPECT_GT(refused, 10000);
}

}  // namespace
}  // namespace dujiang::api
