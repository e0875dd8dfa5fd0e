#include "api/call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <functional>

#include "api/json.hpp"
#include "base/ascii.hpp"

namespace dujiang::api {
namespace {

using Outcome = std::optional<ApiError>;

// A model's name goes into headers and log lines.
constexpr std::size_t kMaxModelBytes = 512;

ApiError wrong_type(std::string_view param, std::string_view wanted, JsonValue got) {
  return invalid_request(fmt::format("'{}' must be {}, but it is {}.", param, wanted, describe(got.type())),
                         std::string(param), "invalid_type");
}

ApiError no_integer(std::string_view param, JsonValue got) {
  if (got.type() != JsonType::integer) return wrong_type(param, "an integer", got);
  return invalid_request(fmt::format("'{}' is far too large.", param), std::string(param), "out_of_range");
}

ApiError given_twice(const std::string& param) {
  return invalid_request(fmt::format("'{}' is given twice. Send it once.", param), param, "duplicate_key");
}

// Refuses an object, `within` the request, in which one of the members that we read stands twice.
Outcome refuse_doubled(std::string_view within, JsonValue object, std::span<const std::string_view> names) {
  const auto doubled = doubled_key(object, names);
  if (!doubled) return std::nullopt;
  return given_twice(fmt::format("{}.{}", within, *doubled));
}

// Of nested objects: what read_key() reads, and what the dialects' rules do.
constexpr std::array<std::string_view, 1> kStreamOptionsKeys{"include_usage"};
constexpr std::array<std::string_view, 1> kTypeKey{"type"};
constexpr std::array<std::string_view, 2> kReasoningKeys{"enabled", "effort"};
constexpr std::array<std::string_view, 2> kTemplateKeys{"thinking", "enable_thinking"};
constexpr std::array<std::string_view, 5> kMessageKeys{"role", "content", "prefix", "reasoning_content",
                                                       "reasoning"};

Outcome read_model(Call& call, JsonValue value) {
  const auto text = value.string();
  if (!text) return wrong_type("model", "a string", value);
  if (text->empty()) {
    return invalid_request("'model' is empty. Name a model; GET /v1/models lists them.", "model",
                           "missing_model");
  }
  if (text->size() > kMaxModelBytes) {
    return invalid_request(
        fmt::format("'model' is longer than {} bytes. GET /v1/models lists the names.", kMaxModelBytes),
        "model", "out_of_range");
  }
  call.model = *text;
  return std::nullopt;
}

Outcome read_stream(Call& call, JsonValue value) {
  if (value.is_null()) return std::nullopt;
  const auto on = value.boolean();
  if (!on) return wrong_type("stream", "true or false", value);
  call.stream = *on;
  return std::nullopt;
}

Outcome read_stream_options(Call& call, JsonValue value) {
  call.has_stream_options = true;
  if (value.is_null()) return std::nullopt;
  if (!value.is_object()) return wrong_type("stream_options", "an object", value);
  if (auto doubled = refuse_doubled("stream_options", value, kStreamOptionsKeys)) return doubled;
  const auto usage = value.find("include_usage");
  if (!usage || usage->is_null()) return std::nullopt;
  const auto on = usage->boolean();
  if (!on) return wrong_type("stream_options.include_usage", "true or false", *usage);
  call.include_usage = *on;
  return std::nullopt;
}

Outcome read_max_tokens(Call& call, std::string_view key, JsonValue value) {
  if (value.is_null()) return std::nullopt;
  const auto count = value.integer();
  if (!count) return no_integer(key, value);
  // Some servers take -1 for "no limit".
  if (*count >= 0) call.max_tokens = static_cast<std::uint64_t>(*count);
  return std::nullopt;
}

Outcome read_n(Call& call, JsonValue value) {
  if (value.is_null()) return std::nullopt;
  const auto count = value.integer();
  if (!count) return no_integer("n", value);
  if (*count < 1 || *count > static_cast<std::int64_t>(kMaxChoices)) {
    return invalid_request(fmt::format("'n' must be between 1 and {}, but it is {}.", kMaxChoices, *count),
                           "n", "out_of_range");
  }
  call.n = static_cast<std::uint32_t>(*count);
  return std::nullopt;
}

Outcome read_temperature(Call& call, JsonValue value) {
  if (value.is_null()) return std::nullopt;
  const auto heat = value.number();
  if (!heat) return wrong_type("temperature", "a number", value);
  call.deterministic = *heat == 0.0;
  return std::nullopt;
}

Outcome read_response_format(Call& call, JsonValue value) {
  if (value.is_null()) return std::nullopt;
  if (!value.is_object()) return wrong_type("response_format", "an object", value);
  if (auto doubled = refuse_doubled("response_format", value, kTypeKey)) return doubled;
  const auto type = value.find("type");
  if (!type) return std::nullopt;
  const auto name = type->string();
  if (!name) return wrong_type("response_format.type", "a string", *type);
  call.needs_json = *name == "json_object" || *name == "json_schema";
  return std::nullopt;
}

Outcome read_thinking(Call& call, JsonValue value) {
  if (value.is_null()) return std::nullopt;
  if (!value.is_object()) return wrong_type("thinking", "an object", value);
  if (auto doubled = refuse_doubled("thinking", value, kTypeKey)) return doubled;
  const auto type = value.find("type");
  if (!type) return std::nullopt;
  const auto name = type->string();
  if (!name) return wrong_type("thinking.type", "a string", *type);
  if (*name == "enabled") call.thinking = true;
  if (*name == "disabled") call.thinking = false;
  return std::nullopt;
}

// `thinking` says it outright and wins, whatever the order of the keys.
Outcome read_reasoning_effort(Call& call, JsonValue value) {
  if (value.is_null()) return std::nullopt;
  const auto effort = value.string();
  if (!effort) return wrong_type("reasoning_effort", "a string", value);
  if (!call.thinking) call.thinking = *effort != "none";
  return std::nullopt;
}

// Bytes of the strings (and of the keys, where `keys`) below a value; media that stand in parts of a message
// are no text.
std::uint64_t text_bytes(JsonValue value, bool keys) {
  if (const auto text = value.string()) return text->size();
  std::uint64_t sum = 0;
  value.for_each_element([&](JsonValue element) { sum += text_bytes(element, keys); });
  value.for_each_member([&](std::string_view key, JsonValue member) {
    if (key == "image_url" || key == "input_audio" || key == "file" || key == "video_url") return;
    sum += text_bytes(member, keys) + (keys ? key.size() : 0);
  });
  return sum;
}

Outcome read_messages(Call& call, JsonValue value) {
  if (!value.is_array()) return wrong_type("messages", "an array", value);
  std::optional<JsonValue> last;
  Outcome doubled;
  std::size_t index = 0;
  value.for_each_element([&](JsonValue message) {
    last = message;
    if (!doubled && doubled_key(message, kMessageKeys))
      doubled = refuse_doubled(fmt::format("messages[{}]", index), message, kMessageKeys);
    ++index;
  });
  if (doubled) return doubled;
  call.prompt_bytes += text_bytes(value, false);
  if (!last) return std::nullopt;
  if (const auto role = last->find("role")) call.last_role = role->string().value_or("");
  if (const auto prefix = last->find("prefix")) call.prefix = prefix->boolean().value_or(false);
  return std::nullopt;
}

Outcome read_tools(Call& call, std::string_view key, JsonValue value) {
  if (value.is_null()) return std::nullopt;
  if (!value.is_array()) return wrong_type(key, "an array", value);
  call.needs_tools = call.needs_tools || value.size() > 0;
  call.prompt_bytes += text_bytes(value, true);
  return std::nullopt;
}

Outcome read_prompt(Call& call, JsonValue value) {
  call.prompt_bytes += text_bytes(value, false);
  return std::nullopt;
}

constexpr std::array<std::string_view, 20> kKeys{
    "model",    "stream",      "stream_options",  "max_tokens",  "max_completion_tokens",
    "n",        "temperature", "response_format", "thinking",    "reasoning_effort",
    "messages", "tools",       "functions",       "tool_choice", "prompt",
    "suffix",   "input",       "enable_thinking", "reasoning",   "chat_template_kwargs"};

Outcome read_key(Call& call, std::string_view key, JsonValue value, bool& tools_off) {
  if (key == "model") return read_model(call, value);
  if (key == "stream") return read_stream(call, value);
  if (key == "stream_options") return read_stream_options(call, value);
  if (key == "max_tokens" || key == "max_completion_tokens") return read_max_tokens(call, key, value);
  if (key == "n") return read_n(call, value);
  if (key == "temperature") return read_temperature(call, value);
  if (key == "response_format") return read_response_format(call, value);
  if (key == "thinking") return read_thinking(call, value);
  if (key == "reasoning_effort") return read_reasoning_effort(call, value);
  if (key == "messages") return read_messages(call, value);
  if (key == "tools" || key == "functions") return read_tools(call, key, value);
  if (key == "tool_choice") tools_off = value.string() == "none";
  if (key == "prompt" || key == "suffix" || key == "input") return read_prompt(call, value);
  if (key == "reasoning") return refuse_doubled(key, value, kReasoningKeys);
  if (key == "chat_template_kwargs") return refuse_doubled(key, value, kTemplateKeys);
  return std::nullopt;
}

Outcome read_members(Call& call, JsonValue root) {
  Outcome error;
  std::bitset<kKeys.size()> seen;
  bool tools_off = false;
  root.for_each_member([&](std::string_view key, JsonValue value) {
    if (error) return;
    const auto* known = std::ranges::find(kKeys, key);
    if (known == kKeys.end()) return;
    const auto index = static_cast<std::size_t>(known - kKeys.begin());
    if (seen[index]) {
      error = given_twice(std::string(key));
      return;
    }
    seen.set(index);
    error = read_key(call, key, value, tools_off);
  });
  if (tools_off) call.needs_tools = false;
  return error;
}

Outcome check_required(const Call& call, JsonValue root) {
  if (call.model.empty()) {
    return invalid_request("'model' is missing. Name a model; GET /v1/models lists them.", "model",
                           "missing_model");
  }
  const bool chat = call.operation == Operation::chat || call.operation == Operation::beta_chat;
  if (chat && !root.find("messages")) {
    return invalid_request(
        "'messages' is missing. Send an array of messages, each with 'role' and 'content'.", "messages",
        "missing_messages");
  }
  return std::nullopt;
}

}  // namespace

std::expected<Call, ApiError> parse_call(Operation operation, std::string_view body) {
  if (base::is_blank(body)) {
    return std::unexpected(invalid_request(
        "The request body is empty. Send a JSON object with at least 'model'.", std::nullopt, "empty_body"));
  }
  JsonParser parser;
  const auto root = parser.parse(body);
  if (!root) {
    return std::unexpected(invalid_request(
        fmt::format("The request body is not valid JSON: {} (byte {} of {}). Nothing was sent upstream.",
                    root.error().what, root.error().offset, body.size()),
        std::nullopt, "invalid_json"));
  }
  if (!root->is_object()) {
    return std::unexpected(invalid_request(
        fmt::format("The request body must be a JSON object, but it is {}.", describe(root->type())),
        std::nullopt, "invalid_type"));
  }
  Call call;
  call.operation = operation;
  if (auto error = read_members(call, *root)) return std::unexpected(*std::move(error));
  if (auto error = check_required(call, *root)) return std::unexpected(*std::move(error));
  if (!generates(operation)) call.stream = false;
  return call;
}

}  // namespace dujiang::api
