#include "api/whole_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "api/error_object.hpp"
#include "api/json.hpp"
#include "base/ascii.hpp"

namespace dujiang::api {
namespace {

using Kind = WholeAnswer::Kind;

std::string text_of(JsonValue object, std::string_view key) {
  const auto value = object.find(key);
  return value ? std::string(value->string().value_or("")) : std::string();
}

bool has_text(JsonValue object, std::string_view key) {
  const auto value = object.find(key);
  return value && (!value->string().value_or("").empty() || (value->is_array() && value->size() > 0));
}

bool has_object(JsonValue object, std::string_view key) {
  const auto value = object.find(key);
  return value && value->is_object();
}

// What is read; an answer in which one of these stands twice has two meanings and is none.
constexpr std::array<std::string_view, 8> kRootKeys{"id",    "model", "usage",        "choices",
                                                    "error", "data",  "is_available", "balance_infos"};
constexpr std::array<std::string_view, 3> kChoiceKeys{"message", "text", "finish_reason"};
constexpr std::array<std::string_view, 6> kMessageKeys{"content",       "refusal", "tool_calls",
                                                       "function_call", "audio",   "reasoning_content"};

// Notes the first key that stands twice.
bool is_doubled(JsonValue object, std::span<const std::string_view> names, WholeAnswer& out) {
  const auto key = doubled_key(object, names);
  if (key && out.detail.empty()) out.detail = fmt::format("'{}' stands there twice", *key);
  return key.has_value();
}

bool read_choice(JsonValue choice, bool chat, WholeAnswer& out) {
  if (!choice.is_object() || is_doubled(choice, kChoiceKeys, out)) return false;
  out.finish_reasons.push_back(text_of(choice, "finish_reason"));
  if (!chat) {
    const auto value = choice.find("text");
    const auto text = value ? value->string() : std::nullopt;
    if (!text) return false;
    out.any_content = out.any_content || !text->empty();
    return true;
  }
  const auto message = choice.find("message");
  if (!message || !message->is_object() || is_doubled(*message, kMessageKeys, out)) return false;
  out.any_content = out.any_content || has_text(*message, "content") || has_text(*message, "refusal") ||
                    has_text(*message, "tool_calls") || has_object(*message, "function_call") ||
                    has_object(*message, "audio");
  out.any_reasoning = out.any_reasoning || has_text(*message, "reasoning_content");
  return true;
}

// What is missing for an answer to the operation; empty if nothing is.
std::string read_answer(Operation operation, JsonValue root, WholeAnswer& out) {
  const auto array = [&](std::string_view key) {
    const auto value = root.find(key);
    return value && value->is_array();
  };
  switch (operation) {
    case Operation::embeddings:
    case Operation::models:
      return array("data") ? "" : "it has no 'data'";
    case Operation::model:
      return text_of(root, "id").empty() ? "it has no 'id'" : "";
    case Operation::balance:
      return root.find("is_available") || array("balance_infos") ? "" : "it has no 'balance_infos'";
    default:
      break;
  }
  const auto choices = root.find("choices");
  if (!choices || !choices->is_array() || choices->size() == 0) return "it has no 'choices'";
  const bool chat = operation == Operation::chat || operation == Operation::beta_chat;
  bool good = true;
  choices->for_each_element([&](JsonValue choice) { good = good && read_choice(choice, chat, out); });
  if (good || !out.detail.empty()) return out.detail;
  return fmt::format("a choice has no '{}'", chat ? "message" : "text");
}

}  // namespace

WholeAnswer check_whole_answer(Operation operation, std::string_view body) {
  WholeAnswer out;
  if (base::is_blank(body)) {
    out.kind = Kind::empty;
    return out;
  }
  JsonParser parser;
  const auto root = parser.parse(body);
  if (!root) {
    out.kind = Kind::malformed;
    out.detail = fmt::format("{} (byte {} of {})", root.error().what, root.error().offset, body.size());
    return out;
  }
  if (!root->is_object()) {
    out.kind = Kind::foreign;
    out.detail = fmt::format("it is {}, not an object", describe(root->type()));
    return out;
  }
  if (is_doubled(*root, kRootKeys, out)) {
    out.kind = Kind::foreign;
    return out;
  }
  if (is_error_object(*root)) {
    out.kind = Kind::error;
    return out;
  }
  out.id = text_of(*root, "id");
  out.model = text_of(*root, "model");
  if (const auto usage = root->find("usage")) out.usage = read_usage(*usage);
  out.detail = read_answer(operation, *root, out);
  out.kind = out.detail.empty() ? Kind::answer : Kind::foreign;
  return out;
}

bool is_final_finish_reason(std::string_view reason) {
  constexpr std::array<std::string_view, 5> kFinal{"stop", "length", "content_filter", "tool_calls",
                                                   "function_call"};
  return std::ranges::find(kFinal, reason) != kFinal.end();
}

}  // namespace dujiang::api
