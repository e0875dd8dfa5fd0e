#include "provider/field_rules.hpp"

#include <optional>
#include <string>

namespace dujiang::provider {
namespace {

using api::JsonObjectEdit;

// The value of a member of an object's text; nothing where there is none.
std::optional<std::string_view> member(std::string_view object, std::string_view key) {
  for (const api::JsonMember& m : api::json_members(object)) {
    if (api::json_key_is(m.key, key)) return m.value;
  }
  return std::nullopt;
}

std::optional<bool> thinking_on(std::string_view thinking) {
  const auto type = member(thinking, "type");
  if (type == R"("enabled")") return true;
  if (type == R"("disabled")") return false;
  return std::nullopt;
}

std::string_view literal(bool on) { return on ? "true" : "false"; }

void set_thinking(JsonObjectEdit& body, bool on) {
  if (!body.get("thinking")) body.set("thinking", on ? R"({"type":"enabled"})" : R"({"type":"disabled"})");
}

// Sets members of an object that may not exist yet; what the caller set there stays.
void set_within(JsonObjectEdit& body, std::string_view object, std::string_view key, std::string_view value) {
  const std::string before(body.get(object).value_or("{}"));
  if (!before.starts_with('{')) return;
  JsonObjectEdit edit(before);
  if (edit.get(key)) return;
  edit.set(key, std::string(value));
  body.set(object, edit.text());
}

// DeepSeek's chat templates read the first name, Qwen's the second; a template ignores what it does not read.
void set_template_thinking(JsonObjectEdit& body, bool on) {
  set_within(body, "chat_template_kwargs", "thinking", literal(on));
  set_within(body, "chat_template_kwargs", "enable_thinking", literal(on));
}

}  // namespace

void thinking_to_enable_thinking(JsonObjectEdit& body, std::string_view value) {
  const auto on = thinking_on(value);
  if (on && !body.get("enable_thinking")) body.set("enable_thinking", std::string(literal(*on)));
  body.remove("thinking");
}

void thinking_to_chat_template(JsonObjectEdit& body, std::string_view value) {
  if (const auto on = thinking_on(value)) set_template_thinking(body, *on);
  body.remove("thinking");
}

void enable_thinking_to_chat_template(JsonObjectEdit& body, std::string_view value) {
  if (value == "true" || value == "false") set_template_thinking(body, value == "true");
  body.remove("enable_thinking");
}

void thinking_to_reasoning(JsonObjectEdit& body, std::string_view value) {
  if (const auto on = thinking_on(value)) set_within(body, "reasoning", "enabled", literal(*on));
  body.remove("thinking");
}

void thinking_to_reasoning_effort(JsonObjectEdit& body, std::string_view value) {
  // Thinking is on by default where a model can think, and asking for it where it cannot is an error there.
  if (thinking_on(value) == false) body.set("reasoning_effort", R"("none")");
  body.remove("thinking");
}

void enable_thinking_to_thinking(JsonObjectEdit& body, std::string_view value) {
  if (value == "true" || value == "false") set_thinking(body, value == "true");
  body.remove("enable_thinking");
}

void reasoning_to_thinking(JsonObjectEdit& body, std::string_view value) {
  const auto enabled = member(value, "enabled");
  const auto effort = member(value, "effort");
  const bool on = enabled == "true" || (effort && effort != R"("none")");
  const bool off = enabled == "false" || effort == R"("none")";
  if (on != off) set_thinking(body, on);
  body.remove("reasoning");
}

void chat_template_to_thinking(JsonObjectEdit& body, std::string_view value) {
  for (const std::string_view key : {"thinking", "enable_thinking"}) {
    const auto on = member(value, key);
    if (on == "true" || on == "false") set_thinking(body, on == "true");
  }
  body.remove("chat_template_kwargs");
}

void reasoning_effort_to_reasoning(JsonObjectEdit& body, std::string_view value) {
  set_within(body, "reasoning", "effort", value);
  body.remove("reasoning_effort");
}

void rename_to_max_tokens(JsonObjectEdit& body, std::string_view /*value*/) {
  body.rename("max_completion_tokens", "max_tokens");
}

void developer_to_system(JsonObjectEdit& message, std::string_view value) {
  if (value == R"("developer")") message.set("role", R"("system")");
}

void rename_to_reasoning(JsonObjectEdit& message, std::string_view /*value*/) {
  message.rename("reasoning_content", "reasoning");
}

void rename_to_reasoning_content(JsonObjectEdit& message, std::string_view /*value*/) {
  message.rename("reasoning", "reasoning_content");
}

}  // namespace dujiang::provider
