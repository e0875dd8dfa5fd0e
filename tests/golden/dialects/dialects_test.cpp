// Each dialect against its table, <name>.json beside this file.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "api/json_edit.hpp"
#include "base/ascii.hpp"
#include "provider/dialect.hpp"
#include "provider/normalise.hpp"
#include "support/json_same.hpp"

namespace dujiang::golden {
namespace {

using provider::Dialect;

// One entry of a table: a JSON object's text.
class Entry {
 public:
  explicit Entry(std::string_view text) : edit_(text) {}
  bool has(std::string_view key) const { return edit_.get(key).has_value(); }
  std::string raw(std::string_view key) const {
    const auto value = edit_.get(key);
    EXPECT_TRUE(value) << "the entry has no " << key;
    return std::string(value.value_or("null"));
  }
  std::string text(std::string_view key, std::string_view otherwise) const {
    return has(key) ? api::json_unquote(raw(key)) : std::string(otherwise);
  }
  bool flag(std::string_view key, bool otherwise) const { return has(key) ? raw(key) == "true" : otherwise; }
  std::vector<std::string> list(std::string_view key) const {
    if (!has(key)) return {};
    const std::string array = raw(key);
    std::vector<std::string> out;
    for (const std::string_view element : api::json_elements(array)) out.emplace_back(element);
    return out;
  }

 private:
  api::JsonObjectEdit edit_;
};

std::string read_table(const Dialect& dialect) {
  const std::string path =
      std::string(DUJIANG_SOURCE_DIR) + "/tests/golden/dialects/" + std::string(dialect.name) + ".json";
  std::ifstream file(path);
  EXPECT_TRUE(file) << path << " is missing: each dialect has a table";
  std::ostringstream text;
  text << file.rdbuf();
  api::JsonParser parser;
  const auto root = parser.parse(text.str());
  EXPECT_TRUE(root) << path << ": "
                    << (root ? "" : root.error().what + " at byte " + std::to_string(root.error().offset));
  return text.str();
}

class Table : public ::testing::TestWithParam<const Dialect*> {
 protected:
  const Dialect& dialect() const { return *GetParam(); }
  std::vector<std::string> entries(std::string_view key) const { return Entry(text_).list(key); }
  std::string text_ = read_table(*GetParam());
};

api::Operation operation_of(std::string_view name) {
  const auto* it = std::ranges::find(api::kOperations, name, [](api::Operation o) { return to_string(o); });
  EXPECT_NE(it, api::kOperations.end()) << name;
  return *it;
}

TEST_P(Table, NamesThePathOfEveryOperation) {
  const std::string paths = Entry(text_).raw("paths");
  const Entry entry(paths);
  for (const api::Operation operation : api::kOperations) {
    const auto path = target_path(dialect(), operation, "deepseek-ai/V3 x");
    EXPECT_EQ(path ? api::json_quote(*path) : "null", entry.raw(to_string(operation)))
        << to_string(operation);
  }
}

TEST_P(Table, TranslatesRequests) {
  std::set<std::string, std::less<>> translated;
  for (const std::string& text : entries("requests")) {
    const Entry entry(text);
    SCOPED_TRACE(entry.text("what", "?"));
    const std::string body = entry.raw("body");
    const std::string model = entry.text("model", "");
    const provider::TranslatedRequest got =
        translate_request(dialect(), operation_of(entry.text("operation", "chat")), body,
                          {.model = model,
                           .stream = entry.flag("stream", false),
                           .include_usage = entry.flag("usage", false),
                           .addressed = entry.flag("addressed", true)});
    EXPECT_SAME_JSON(got.body, entry.raw("becomes"));
    std::set<std::string> changed;
    for (const std::string_view field : got.changed) changed.insert(api::json_quote(field));
    const auto wanted = entry.list("changed");
    EXPECT_EQ(changed, std::set<std::string>(wanted.begin(), wanted.end()));
    if (changed.empty() && entry.raw("becomes") == body) EXPECT_EQ(got.body, body) << "bytes have changed";
    for (const std::string& field : wanted) translated.insert(api::json_unquote(field));
  }
  for (const auto rules : {dialect().request_fields, dialect().message_fields}) {
    for (const provider::FieldRule& rule : rules)
      EXPECT_TRUE(translated.contains(rule.field)) << "no entry for " << rule.field;
  }
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), base::to_lower);
  return out;
}

TEST_P(Table, ReadsErrors) {
  std::string all;
  for (const std::string& text : entries("errors")) {
    const Entry entry(text);
    SCOPED_TRACE(text);
    const std::string raw = entry.raw("body");
    const std::string body = raw.starts_with('"') ? api::json_unquote(raw) : raw;
    const provider::ErrorFacts facts = read_error(dialect(), std::stoi(entry.raw("status")), body);
    EXPECT_EQ(to_string(facts.code), entry.text("means", "?"));
    EXPECT_EQ(facts.learned_limit.value_or(0), entry.has("limit") ? std::stoul(entry.raw("limit")) : 0u);
    all += lower(text);
  }
  for (const provider::ErrorRule& rule : dialect().errors) {
    EXPECT_TRUE(all.contains(lower(rule.code)) && all.contains(lower(rule.message)))
        << "no entry for the rule with code '" << rule.code << "', message '" << rule.message << "'";
  }
}

TEST_P(Table, BringsWholeAnswersIntoTheNormalForm) {
  const auto table = entries("wholes");
  EXPECT_FALSE(table.empty());
  for (const std::string& text : table) {
    const Entry entry(text);
    SCOPED_TRACE(entry.text("what", "?"));
    const std::string body = entry.raw("body");
    const std::string got = normalise_whole(dialect(), body);
    EXPECT_SAME_JSON(got, entry.raw("becomes"));
    if (entry.raw("becomes") == body) EXPECT_EQ(got, body) << "bytes have changed";
  }
}

TEST_P(Table, BringsStreamsIntoTheNormalForm) {
  const auto table = entries("streams");
  EXPECT_FALSE(table.empty());
  for (const std::string& text : table) {
    const Entry entry(text);
    SCOPED_TRACE(entry.text("what", "?"));
    provider::StreamNormaliser normaliser(dialect());
    const auto events = entry.list("events");
    const auto wanted = entry.list("become");
    ASSERT_EQ(events.size(), wanted.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
      const std::string_view got = normaliser.normalise(events[i]);
      EXPECT_SAME_JSON(got, wanted[i]) << "event " << i;
      if (events[i] == wanted[i]) EXPECT_EQ(got, events[i]) << "bytes have changed";
    }
  }
}

TEST_P(Table, GivesBackWhatIsNoAnswerAsItCame) {
  provider::StreamNormaliser normaliser(dialect());
  for (const std::string_view text :
       {"", "{", "[DONE]", "\"reasoning\" \"content\" _tokens\"",
        R"({"choices":[{"delta":{"content":"<think>a")", R"({"choices":7,"usage":[]})",
        R"({"choices":[7,{"delta":null},{"delta":{"content":7}}],"usage":{"prompt_tokens_details":7}})"}) {
    EXPECT_EQ(normaliser.normalise(text), text);
    EXPECT_EQ(normalise_whole(dialect(), std::string(text)), text);
  }
}

INSTANTIATE_TEST_SUITE_P(Dialects, Table,
                         ::testing::ValuesIn(provider::all_dialects().begin(),
                                             provider::all_dialects().end()),
                         [](const auto& info) { return std::string(info.param->name); });

TEST(Registry, FindsEachDialectByItsName) {
  for (const Dialect* dialect : provider::all_dialects()) {
    EXPECT_EQ(provider::find_dialect(dialect->name), dialect);
    EXPECT_FALSE(dialect->summary.empty());
  }
  EXPECT_EQ(provider::find_dialect("nobody"), nullptr);
}

}  // namespace
}  // namespace dujiang::golden
