#include <fmt/format.h>

#include <algorithm>

#include "provider/dialect.hpp"

namespace dujiang::provider {
namespace {

using api::JsonObjectEdit;
using api::Operation;

constexpr std::string_view kModelPlace = "{model}";

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~/:").contains(c);
}

// Slashes stay: ids such as "deepseek-ai/DeepSeek-V3" are paths where they are served.
std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

bool is_chat(Operation operation) {
  return operation == Operation::chat || operation == Operation::beta_chat;
}

// Whether a field can be there at all; spares taking apart long texts that have none.
bool may_have(std::string_view text, std::string_view field) {
  return text.contains(fmt::format("\"{}\"", field));
}

void set_form(JsonObjectEdit& body, Operation operation, const AttemptForm& form) {
  if (!form.model.empty()) {
    const std::string model = api::json_quote(form.model);
    if (body.get("model") != model) body.set("model", model);
  }
  if (!api::generates(operation)) return;
  if ((body.get("stream") == "true") != form.stream) body.set("stream", form.stream ? "true" : "false");
  if (!form.stream) {
    body.remove("stream_options");
  } else if (form.include_usage) {
    const std::string before(body.get("stream_options").value_or("{}"));
    JsonObjectEdit options(before.starts_with('{') ? std::string_view(before) : std::string_view("{}"));
    if (options.get("include_usage") == "true") return;
    options.set("include_usage", "true");
    body.set("stream_options", options.text());
  }
}

void apply_rules(JsonObjectEdit& object, std::span<const FieldRule> rules,
                 std::vector<std::string_view>& changed) {
  for (const FieldRule& rule : rules) {
    const auto found = object.get(rule.field);
    if (!found) continue;
    const std::string value(*found);
    if (rule.translate != nullptr) {
      rule.translate(object, value);
      if (object.get(rule.field) == value) continue;
    } else {
      object.remove(rule.field);
    }
    if (std::ranges::find(changed, rule.field) == changed.end()) changed.push_back(rule.field);
  }
}

void apply_message_rules(JsonObjectEdit& body, std::span<const FieldRule> rules,
                         std::vector<std::string_view>& changed) {
  const std::string messages(body.get("messages").value_or("[]"));
  if (std::ranges::none_of(rules, [&](const FieldRule& rule) { return may_have(messages, rule.field); }))
    return;
  std::string out = "[";
  bool any = false;
  for (const std::string_view message : api::json_elements(messages)) {
    if (out.size() > 1) out += ',';
    JsonObjectEdit edit(message);
    if (message.starts_with('{')) apply_rules(edit, rules, changed);
    any = any || edit.changed();
    out += edit.text();
  }
  out += ']';
  if (any) body.set("messages", std::move(out));
}

// Says in this dialect that the answer goes on from the last message, which is marked DeepSeek's way.
void translate_prefix(JsonObjectEdit& body, Prefix prefix, std::vector<std::string_view>& changed) {
  if (prefix == Prefix::marked || prefix == Prefix::none) return;
  const std::string messages(body.get("messages").value_or("[]"));
  const auto elements = api::json_elements(messages);
  if (elements.empty() || !elements.back().starts_with('{')) return;
  JsonObjectEdit last(elements.back());
  if (last.get("prefix") != "true") return;
  last.remove("prefix");
  const auto length = static_cast<std::size_t>(elements.back().data() - messages.data());
  std::string out = messages.substr(0, length);
  out += last.text();
  out += messages.substr(length + elements.back().size());
  body.set("messages", std::move(out));
  if (prefix == Prefix::continue_final_message) {
    body.set("continue_final_message", "true");
    body.set("add_generation_prompt", "false");
  }
  changed.push_back("prefix");
}

}  // namespace

std::optional<std::string> target_path(const Dialect& dialect, Operation operation, std::string_view model) {
  const auto it = std::ranges::find(dialect.paths, operation, &OperationPath::operation);
  if (it == dialect.paths.end()) return std::nullopt;
  std::string path(it->path);
  if (const auto at = path.find(kModelPlace); at != std::string::npos) {
    path.replace(at, kModelPlace.size(), percent_encode(model));
  }
  return path;
}

TranslatedRequest translate_request(const Dialect& dialect, Operation operation, std::string_view body,
                                    const AttemptForm& form) {
  TranslatedRequest out;
  JsonObjectEdit edit(body);
  set_form(edit, operation, form);
  if (operation == Operation::beta_chat) translate_prefix(edit, dialect.prefix, out.changed);
  if (!form.addressed) {
    apply_rules(edit, dialect.request_fields, out.changed);
    if (is_chat(operation)) apply_message_rules(edit, dialect.message_fields, out.changed);
  }
  out.body = edit.text();
  return out;
}

}  // namespace dujiang::provider
