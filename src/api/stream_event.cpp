#include "api/stream_event.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/error_object.hpp"
#include "base/ascii.hpp"

namespace dujiang::api {
namespace {

// Takes a string or null (or nothing) from `object`; false for any other type.
bool take_text(JsonValue object, std::string_view key, std::string_view& out) {
  const auto value = object.find(key);
  if (!value || value->is_null()) return true;
  const auto text = value->string();
  if (!text) return false;
  out = *text;
  return true;
}

// What is read; an event in which one of these stands twice has two meanings and is malformed.
constexpr std::array<std::string_view, 6> kRootKeys{"id", "model", "created", "usage", "choices", "error"};
constexpr std::array<std::string_view, 4> kChoiceKeys{"index", "delta", "text", "finish_reason"};
constexpr std::array<std::string_view, 5> kDeltaKeys{"content", "reasoning_content", "refusal", "tool_calls",
                                                     "function_call"};

bool read_delta(JsonValue delta, ChoiceDelta& out) {
  if (doubled_key(delta, kDeltaKeys)) return false;
  if (const auto content = delta.find("content"); content && content->is_array()) {
    out.parts = content->size() > 0;
  } else if (!take_text(delta, "content", out.content)) {
    return false;
  }
  std::string_view refusal;
  if (!take_text(delta, "reasoning_content", out.reasoning) || !take_text(delta, "refusal", refusal))
    return false;
  out.refusal = !refusal.empty();
  if (const auto calls = delta.find("tool_calls"); calls && !calls->is_null()) {
    if (!calls->is_array()) return false;
    out.tool_call = calls->size() > 0;
  }
  if (const auto call = delta.find("function_call"); call && call->is_object()) out.tool_call = true;
  return true;
}

}  // namespace

bool ChoiceDelta::progress() const {
  return tool_call || refusal || parts || !base::is_blank(content) || !base::is_blank(reasoning);
}

bool StreamEvent::commits() const {
  return std::ranges::any_of(choices, [](const ChoiceDelta& c) {
    return !c.content.empty() || c.parts || c.tool_call || c.refusal;
  });
}

bool StreamEvent::progress() const { return std::ranges::any_of(choices, &ChoiceDelta::progress); }

bool StreamEvent::reasoning() const {
  return std::ranges::any_of(choices, [](const ChoiceDelta& c) { return !c.reasoning.empty(); });
}

bool StreamEvent::finishes() const {
  return std::ranges::any_of(choices, [](const ChoiceDelta& c) { return !c.finish_reason.empty(); });
}

bool StreamEvent::usage_only() const { return choices.empty() && usage.has_value() && !error; }

bool StreamEventReader::read_choice(JsonValue choice) {
  if (!choice.is_object() || doubled_key(choice, kChoiceKeys)) return false;
  ChoiceDelta out;
  if (const auto index = choice.find("index")) {
    const auto number = index->integer();
    if (!number || *number < 0 || *number > static_cast<std::int64_t>(kMaxChoiceIndex)) return false;
    out.index = static_cast<std::uint32_t>(*number);
  }
  if (const auto delta = choice.find("delta"); delta && !delta->is_null()) {
    if (!delta->is_object() || !read_delta(*delta, out)) return false;
  } else if (!take_text(choice, "text", out.content)) {
    return false;
  }
  if (!take_text(choice, "finish_reason", out.finish_reason)) return false;
  event_.choices.push_back(out);
  return true;
}

std::expected<const StreamEvent*, std::string> StreamEventReader::read(std::string_view data) {
  event_.choices.clear();
  const auto root = parser_.parse(data);
  if (!root) {
    return std::unexpected(fmt::format("no JSON: {} at byte {}", root.error().what, root.error().offset));
  }
  if (!root->is_object()) return std::unexpected("no JSON object");
  if (const auto key = doubled_key(*root, kRootKeys)) {
    return std::unexpected(fmt::format("'{}' stands there twice", *key));
  }
  event_.raw = data;
  event_.id = event_.model = {};
  event_.created.reset();
  event_.usage.reset();
  event_.error = is_error_object(*root);
  if (event_.error) return &event_;
  if (!take_text(*root, "id", event_.id) || !take_text(*root, "model", event_.model)) {
    return std::unexpected("'id' or 'model' is no string");
  }
  if (const auto created = root->find("created")) event_.created = created->integer();
  if (const auto usage = root->find("usage")) event_.usage = read_usage(*usage);
  const auto choices = root->find("choices");
  const bool listed = choices && choices->is_array();
  if (!listed && !event_.usage) return std::unexpected("no 'choices'");
  bool good = true;
  if (listed) {
    choices->for_each_element([&](JsonValue choice) { good = good && read_choice(choice); });
  }
  if (!good) return std::unexpected("a choice is not in the form of a chunk");
  return &event_;
}

}  // namespace dujiang::api
