// A request's body: two readers of JSON agree on it (the library that validates and reads, our own that
// edits), and what an upstream gets says the same but for what was changed.
#include <string>
#include <vector>

#include "api/call.hpp"
#include "api/json.hpp"
#include "api/json_edit.hpp"
#include "fuzz/pieces.hpp"
#include "fuzz/targets.hpp"
#include "provider/dialect.hpp"

namespace dujiang::fuzz {
namespace {

using api::Call;
using api::JsonParser;
using api::JsonType;
using api::JsonValue;

// A value in one spelling, whatever its own: white space, escapes and the digits of numbers aside.
void append_value(std::string& out, JsonValue value) {
  switch (value.type()) {
    case JsonType::object:
      out += '{';
      value.for_each_member([&](std::string_view key, JsonValue member) {
        out += api::json_quote(key);
        append_value(out, member);
      });
      out += '}';
      break;
    case JsonType::array:
      out += '[';
      value.for_each_element([&](JsonValue element) { append_value(out, element); });
      out += ']';
      break;
    case JsonType::string:
      out += api::json_quote(value.string().value());
      break;
    case JsonType::integer:
    case JsonType::number:
      out += std::to_string(value.number().value_or(0)) + ";";
      break;
    case JsonType::boolean:
      out += *value.boolean() ? "true" : "false";
      break;
    case JsonType::null:
      out += "null";
  }
}

std::string canonical(std::string_view text) {
  JsonParser parser;
  const Exact exact(text);
  const auto value = parser.parse(exact.view());
  require(value.has_value(), "a part of a valid text is not valid: " + std::string(text));
  std::string out;
  append_value(out, *value);
  return out;
}

void check_members(std::string_view text, JsonValue value) {
  const std::vector<api::JsonMember> members = api::json_members(text);
  std::size_t at = 0;
  value.for_each_member([&](std::string_view key, JsonValue member) {
    require(at < members.size(), "the editor sees too few members");
    require(api::json_key_is(members[at].key, key), "the editor sees another key");
    std::string expected;
    append_value(expected, member);
    require(canonical(members[at].value) == expected, "the editor sees another value");
    ++at;
  });
  require(at == members.size(), "the editor sees too many members");
}

void check_elements(std::string_view text, JsonValue value) {
  const std::vector<std::string_view> elements = api::json_elements(text);
  std::size_t at = 0;
  value.for_each_element([&](JsonValue element) {
    require(at < elements.size(), "the editor sees too few elements");
    std::string expected;
    append_value(expected, element);
    require(canonical(elements[at++]) == expected, "the editor sees another element");
  });
  require(at == elements.size(), "the editor sees too many elements");
}

// The reader that knows where an error stands finds one exactly where the other does.
void check_json(std::string_view bytes) {
  JsonParser parser;
  const Exact exact(bytes);
  const auto root = parser.parse(exact.view());
  const auto where = api::locate_json_error(exact.view());
  require(root.has_value() != where.has_value(),
          where ? "only one reader refuses: " + where->what : "nobody says what is wrong");
  if (where) require(where->offset <= bytes.size(), "an error beyond the end");
  if (!root) return;
  if (root->is_object()) check_members(exact.view(), *root);
  if (root->is_array()) check_elements(exact.view(), *root);
}

Call check_sent(const provider::Dialect& dialect, const Call& call, std::string_view body, bool addressed) {
  const auto sent = provider::translate_request(
      dialect, call.operation, body,
      {.model = "target/model", .stream = !call.stream, .include_usage = true, .addressed = addressed});
  const Exact exact(sent.body);
  const auto again = api::parse_call(call.operation, exact.view());
  require(again.has_value(),
          "what is sent would be refused: " + (again ? "" : again.error().message) + "\n" + sent.body);
  require(again->model == "target/model", "another model is asked for: " + again->model);
  require(again->stream == (api::generates(call.operation) && !call.stream), "another form is asked for");
  return *again;
}

void check_call(api::Operation operation, std::string_view bytes) {
  const Exact exact(bytes);
  const auto call = api::parse_call(operation, exact.view());
  if (!call) {
    require(call.error().status == 400 && !call.error().message.empty(), "a refusal without a reason");
    return;
  }
  api::JsonObjectEdit edit(exact.view());
  require(edit.text() == bytes, "an edit of nothing changes something");
  require(edit.get("model") && api::json_unquote(*edit.get("model")) == call->model,
          "the editor sees another model");
  edit.set("model", R"("other")");
  const auto edited = api::parse_call(operation, edit.text());
  require(edited && edited->model == "other", "an edited model is not read back");
  require(edited->stream == call->stream && edited->n == call->n && edited->max_tokens == call->max_tokens &&
              edited->prompt_bytes == call->prompt_bytes && edited->needs_tools == call->needs_tools,
          "an edit of the model changes something else");
  for (const provider::Dialect* dialect : provider::all_dialects()) {
    const Call sent = check_sent(*dialect, *call, bytes, true);
    require(sent.n == call->n, "another number of choices is asked for");
    check_sent(*dialect, *call, bytes, false);
  }
}

}  // namespace

void json_request(std::string_view bytes) {
  check_json(bytes);
  check_call(api::Operation::chat, bytes);
  check_call(api::Operation::beta_chat, bytes);
  check_call(api::Operation::embeddings, bytes);
}

}  // namespace dujiang::fuzz
