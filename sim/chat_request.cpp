#include "sim/chat_request.hpp"

#include <boost/json.hpp>

namespace dujiang::sim {
namespace {

namespace json = boost::json;

constexpr std::string_view kToolCue = "use the tool";
constexpr std::int64_t kMostChoices = 16;

// Thrown inside this file only; parsed() makes a value of it.
struct Refusal {
  ApiError error;
};

[[noreturn]] void refuse(int status, std::string message) { throw Refusal{{status, std::move(message)}}; }

[[noreturn]] void wrong(std::string_view key, std::string_view expected) {
  refuse(422, "Failed to deserialize the JSON body into the target type: " + std::string(key) +
                  " has to be " + std::string(expected));
}

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

const json::value* member(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(json::string_view(key.data(), key.size()));
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::string text(const json::object& object, std::string_view key, std::string fallback = {}) {
  const json::value* value = member(object, key);
  if (value == nullptr) return fallback;
  if (!value->is_string()) wrong(key, "a string");
  return std::string(view(value->get_string()));
}

bool flag(const json::object& object, std::string_view key) {
  const json::value* value = member(object, key);
  if (value == nullptr) return false;
  if (!value->is_bool()) wrong(key, "true or false");
  return value->get_bool();
}

std::optional<std::int64_t> whole_number(const json::object& object, std::string_view key, std::int64_t low,
                                         std::int64_t high) {
  const json::value* value = member(object, key);
  if (value == nullptr) return std::nullopt;
  json::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  if (error || number < low || number > high) {
    wrong(key, "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return number;
}

// A string, or the texts of a list of parts.
std::string content_text(const json::object& message) {
  const json::value* content = member(message, "content");
  if (content == nullptr) return {};
  if (content->is_string()) return std::string(view(content->get_string()));
  if (!content->is_array()) wrong("content", "a string or a list of parts");
  std::string out;
  for (const json::value& part : content->get_array()) {
    if (!part.is_object()) wrong("content", "a list of objects");
    out += text(part.get_object(), "text");
  }
  return out;
}

void take_messages(const json::object& root, bool beta, ChatRequest& out) {
  const json::value* messages = member(root, "messages");
  if (messages == nullptr) {
    refuse(422, "Failed to deserialize the JSON body into the target type: missing field `messages`");
  }
  if (!messages->is_array() || messages->get_array().empty()) {
    wrong("messages", "a list of one message at least");
  }
  std::size_t bytes = 0;
  for (const json::value& entry : messages->get_array()) {
    if (!entry.is_object()) wrong("messages", "a list of objects");
    const json::object& message = entry.get_object();
    const std::string role = text(message, "role");
    if (role.empty()) wrong("role", "system, user, assistant or tool");
    std::string content = content_text(message);
    bytes += content.size();
    if (role == "user") out.prompt = std::move(content);
  }
  out.prompt_tokens = bytes / 4 + 1;
  const json::object& last = messages->get_array().back().get_object();
  const bool asked = flag(last, "prefix");
  if (asked && !beta) {
    refuse(400, "The prefix parameter is only available on the beta API: use /beta as base URL");
  }
  if (asked && text(last, "role") != "assistant") {
    refuse(400, "prefix: the last message has to be of role assistant");
  }
  if (asked || (flag(root, "continue_final_message") && text(last, "role") == "assistant")) {
    out.prefix = content_text(last);
    out.reasoning_prefix = text(last, "reasoning_content");
  }
}

// The function's name and its first parameter, if the request wants one called.
void take_tools(const json::object& root, ChatRequest& out) {
  const json::value* tools = member(root, "tools");
  if (tools == nullptr) return;
  if (!tools->is_array()) wrong("tools", "a list");
  if (tools->get_array().size() > 128) refuse(400, "tools: at most 128 functions are allowed");
  if (tools->get_array().empty()) return;
  const json::value* choice = member(root, "tool_choice");
  const std::string how =
      choice != nullptr && choice->is_string() ? std::string(view(choice->get_string())) : "auto";
  const bool forced = how == "required" || (choice != nullptr && choice->is_object());
  const bool after_tool = text(member(root, "messages")->get_array().back().get_object(), "role") == "tool";
  if (how == "none" || (!forced && (after_tool || out.prompt.find(kToolCue) == std::string::npos))) return;

  const json::value& first = tools->get_array().front();
  const json::value* function = first.is_object() ? member(first.get_object(), "function") : nullptr;
  if (function == nullptr || !function->is_object()) wrong("tools", "a list of {type, function}");
  out.tool = text(function->get_object(), "name");
  const json::value* parameters = member(function->get_object(), "parameters");
  if (parameters == nullptr || !parameters->is_object()) return;
  const json::value* properties = member(parameters->get_object(), "properties");
  if (properties == nullptr || !properties->is_object() || properties->get_object().empty()) return;
  out.tool_parameter = std::string(properties->get_object().begin()->key());
}

std::optional<bool> thinking_said(const json::object& root) {
  const json::value* thinking = member(root, "thinking");
  if (thinking == nullptr) return std::nullopt;
  if (!thinking->is_object()) wrong("thinking", R"({"type":"enabled"} or {"type":"disabled"})");
  const std::string type = text(thinking->get_object(), "type");
  if (type != "enabled" && type != "disabled") wrong("thinking.type", "enabled or disabled");
  return type == "enabled";
}

void take_common(const json::object& root, ChatRequest& out) {
  out.model = text(root, "model");
  if (out.model.empty()) {
    refuse(422, "Failed to deserialize the JSON body into the target type: missing field `model`");
  }
  out.stream = flag(root, "stream");
  if (const json::value* options = member(root, "stream_options")) {
    if (!options->is_object()) wrong("stream_options", "an object");
    out.include_usage = flag(options->get_object(), "include_usage");
  }
  out.max_tokens = whole_number(root, "max_tokens", 1, 393216);
  if (!out.max_tokens) out.max_tokens = whole_number(root, "max_completion_tokens", 1, 393216);
  out.choices = static_cast<unsigned>(whole_number(root, "n", 1, kMostChoices).value_or(1));
}

json::object parse_object(std::string_view body) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = 64;
  json::value root = json::parse(json::string_view(body.data(), body.size()), error, {}, options);
  if (error) refuse(400, "The request body is not valid JSON: " + error.message());
  if (!root.is_object()) refuse(400, "The request body has to be a JSON object");
  return std::move(root.get_object());
}

}  // namespace

base::Result<ChatRequest, ApiError> parse_chat(std::string_view body, bool beta) try {
  const json::object root = parse_object(body);
  ChatRequest out;
  take_common(root, out);
  take_messages(root, beta, out);
  take_tools(root, out);
  out.thinking = thinking_said(root);
  out.logprobs = flag(root, "logprobs");
  if (const json::value* format = member(root, "response_format")) {
    if (!format->is_object()) wrong("response_format", "an object");
    out.json_mode = text(format->get_object(), "type") == "json_object";
  }
  return out;
} catch (const Refusal& refusal) {
  return std::unexpected(refusal.error);
}

base::Result<ChatRequest, ApiError> parse_completion(std::string_view body) try {
  const json::object root = parse_object(body);
  ChatRequest out;
  out.form = Form::completion;
  take_common(root, out);
  if (member(root, "prompt") == nullptr) {
    refuse(422, "Failed to deserialize the JSON body into the target type: missing field `prompt`");
  }
  out.prompt = text(root, "prompt") + text(root, "suffix");
  out.prompt_tokens = out.prompt.size() / 4 + 1;
  return out;
} catch (const Refusal& refusal) {
  return std::unexpected(refusal.error);
}

base::Result<EmbeddingsRequest, ApiError> parse_embeddings(std::string_view body) try {
  const json::object root = parse_object(body);
  EmbeddingsRequest out;
  out.model = text(root, "model");
  const json::value* input = member(root, "input");
  if (input == nullptr) {
    refuse(422, "Failed to deserialize the JSON body into the target type: missing field `input`");
  }
  if (input->is_string()) {
    out.inputs.emplace_back(view(input->get_string()));
  } else if (input->is_array()) {
    for (const json::value& entry : input->get_array()) {
      if (!entry.is_string()) wrong("input", "a string or a list of strings");
      out.inputs.emplace_back(view(entry.get_string()));
    }
  }
  if (out.inputs.empty() || out.inputs.size() > 2048) {
    wrong("input", "a string or a list of 1 to 2048 strings");
  }
  out.dimensions = static_cast<std::size_t>(whole_number(root, "dimensions", 1, 4096).value_or(64));
  out.base64 = text(root, "encoding_format") == "base64";
  return out;
} catch (const Refusal& refusal) {
  return std::unexpected(refusal.error);
}

}  // namespace dujiang::sim
