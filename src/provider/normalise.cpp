#include "provider/normalise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "api/json.hpp"
#include "api/json_edit.hpp"
#include "base/ascii.hpp"
#include "base/number.hpp"

namespace dujiang::provider {
namespace {

using api::JsonObjectEdit;

constexpr std::string_view kOpen = "<think>";
constexpr std::string_view kClose = "</think>";

std::optional<std::uint64_t> count(std::optional<std::string_view> text) {
  return text ? base::parse_number<std::uint64_t>(*text) : std::nullopt;
}

// Length of the longest end of `text` that is a beginning of `tag`.
std::size_t partial_tag(std::string_view text, std::string_view tag) {
  for (std::size_t length = std::min(text.size(), tag.size() - 1); length > 0; --length) {
    if (tag.starts_with(text.substr(text.size() - length))) return length;
  }
  return 0;
}

std::size_t leading_space(std::string_view text) {
  const auto* it = std::ranges::find_if_not(text, base::is_space);
  return static_cast<std::size_t>(it - text.begin());
}

// Gives cached tokens both names: OpenAI's and DeepSeek's.
void name_cached_tokens(JsonObjectEdit& root) {
  const auto before = root.get("usage");
  if (!before || !before->starts_with('{')) return;
  const std::string text(*before);
  JsonObjectEdit usage(text);
  const auto hit = count(usage.get("prompt_cache_hit_tokens"));
  const auto prompt = count(usage.get("prompt_tokens"));
  const auto details = usage.get("prompt_tokens_details");
  const bool detailed = details && details->starts_with('{');
  const auto cached = detailed ? count(JsonObjectEdit(*details).get("cached_tokens")) : std::nullopt;
  if (cached && !hit) {
    usage.set("prompt_cache_hit_tokens", std::to_string(*cached));
    if (prompt && *prompt >= *cached)
      usage.set("prompt_cache_miss_tokens", std::to_string(*prompt - *cached));
  } else if (hit && !cached) {
    JsonObjectEdit inner(detailed ? *details : std::string_view("{}"));
    inner.set("cached_tokens", std::to_string(*hit));
    usage.set("prompt_tokens_details", inner.text());
  }
  if (usage.changed()) root.set("usage", usage.text());
}

void rename_finish_reason(const Dialect& dialect, JsonObjectEdit& choice) {
  const auto reason = choice.get("finish_reason");
  if (!reason || !reason->starts_with('"')) return;
  const std::string name = api::json_unquote(*reason);
  for (const FinishAlias& alias : dialect.finish_aliases) {
    if (name == alias.from) {
      choice.set("finish_reason", api::json_quote(alias.to));
      return;
    }
  }
}

// Renames the dialect's field of a delta or message, unless the common one is there too.
void rename_reasoning(const Dialect& dialect, JsonObjectEdit& message) {
  if (dialect.reasoning_field.empty() || !message.get(dialect.reasoning_field)) return;
  const auto usual = message.get("reasoning_content");
  if (usual && usual != "null") return;
  message.rename(dialect.reasoning_field, "reasoning_content");
}

bool has_text(const JsonObjectEdit& message, std::string_view key) {
  const auto value = message.get(key);
  return value && value->starts_with('"') && value->size() > 2;
}

void split_think(ThinkSplitter& splitter, JsonObjectEdit& message, bool last) {
  if (has_text(message, "reasoning_content")) splitter.pass();
  if (splitter.passes()) return;
  const auto content = message.get("content");
  const bool is_text = content && content->starts_with('"');
  const std::string text = is_text ? api::json_unquote(*content) : std::string();
  if (text.empty() && !(last && splitter.holds())) return;
  const ThinkSplitter::Parts parts = splitter.feed(text, last);
  if (parts.reasoning.empty() && parts.content == text) return;
  message.set("content", api::json_quote(parts.content));
  if (!parts.reasoning.empty()) message.set("reasoning_content", api::json_quote(parts.reasoning));
}

std::uint32_t choice_index(const JsonObjectEdit& choice) {
  const auto index = count(choice.get("index")).value_or(0);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(index, api::kMaxChoiceIndex));
}

// Edits the delta (or message) of each choice; `think` has one splitter per choice.
void edit_choices(const Dialect& dialect, JsonObjectEdit& root, std::string_view inner,
                  std::vector<ThinkSplitter>& think, bool whole) {
  const auto before = root.get("choices");
  if (!before || !before->starts_with('[')) return;
  std::string out = "[";
  bool changed = false;
  for (const std::string_view element : api::json_elements(*before)) {
    if (out.size() > 1) out += ',';
    if (!element.starts_with('{')) {
      out += element;
      continue;
    }
    JsonObjectEdit choice(element);
    rename_finish_reason(dialect, choice);
    const auto finish = choice.get("finish_reason");
    const auto message = choice.get(inner);
    if (message && message->starts_with('{')) {
      JsonObjectEdit edit(*message);
      rename_reasoning(dialect, edit);
      const std::uint32_t index = choice_index(choice);
      if (think.size() <= index) think.resize(index + 1);
      if (dialect.inline_think)
        split_think(think[index], edit, whole || (finish && finish->starts_with('"')));
      if (edit.changed()) choice.set(inner, edit.text());
    }
    changed = changed || choice.changed();
    out += choice.text();
  }
  out += ']';
  if (changed) root.set("choices", std::move(out));
}

bool touches_choices(const Dialect& dialect) {
  return !dialect.reasoning_field.empty() || dialect.inline_think || !dialect.finish_aliases.empty();
}

bool is_alias(const Dialect& dialect, std::string_view reason) {
  return std::ranges::any_of(dialect.finish_aliases, [&](const FinishAlias& a) { return a.from == reason; });
}

bool has_own_reasoning(const Dialect& dialect, std::string_view text) {
  return !dialect.reasoning_field.empty() && text.contains(dialect.reasoning_field);
}

// Whether some finish reason in a text may be one of the dialect's own.
bool has_alias(const Dialect& dialect, std::string_view text) {
  if (dialect.finish_aliases.empty()) return false;
  constexpr std::string_view kKey = "finish_reason\"";
  for (std::size_t at = text.find(kKey); at != std::string_view::npos; at = text.find(kKey, at)) {
    at += kKey.size();
    const std::size_t open = text.find_first_not_of(" \t\r\n:", at);
    if (open == std::string_view::npos || text[open] != '"') continue;
    const std::string_view rest = text.substr(open + 1);
    const std::string_view reason = rest.substr(0, rest.find('"'));
    if (reason.contains('\\') || is_alias(dialect, reason)) return true;
  }
  return false;
}

// The tag's first character may be escaped.
bool may_have_tag(std::string_view text) { return text.contains('<') || text.contains("\\u003"); }

bool names_cached_tokens(std::string_view text) {
  return text.contains("cached_tokens\"") || text.contains("cache_hit_tokens\"");
}

// Whether a whole answer can need anything: most do not.
bool may_need(const Dialect& dialect, std::string_view text) {
  return has_own_reasoning(dialect, text) || has_alias(dialect, text) ||
         (dialect.inline_think && may_have_tag(text)) || names_cached_tokens(text);
}

}  // namespace

ThinkSplitter::Parts ThinkSplitter::feed(std::string_view text, bool last) {
  held_ += text;
  Parts out;
  while (!held_.empty() && step(out, last)) {
  }
  return out;
}

void ThinkSplitter::pass() { phase_ = Phase::answer; }

// Takes what is decided out of held_; false when the rest has to wait for more.
bool ThinkSplitter::step(Parts& out, bool last) {
  switch (phase_) {
    case Phase::start:
      return find_open(last);
    case Phase::opened:
      // A line break after the tag belongs to the tag.
      if (held_.front() == '\n') held_.erase(0, 1);
      phase_ = Phase::thinking;
      return true;
    case Phase::thinking:
      return find_close(out, last);
    case Phase::closed:
      held_.erase(0, leading_space(held_));
      if (!held_.empty()) phase_ = Phase::answer;
      return true;
    case Phase::answer:
      out.content += held_;
      held_.clear();
      return true;
  }
  return false;
}

bool ThinkSplitter::find_open(bool last) {
  const std::size_t space = leading_space(held_);
  const std::string_view rest = std::string_view(held_).substr(space);
  if (rest.starts_with(kOpen)) {
    held_.erase(0, space + kOpen.size());
    phase_ = Phase::opened;
    return true;
  }
  if (!last && kOpen.starts_with(rest)) return false;
  phase_ = Phase::answer;
  return true;
}

bool ThinkSplitter::find_close(Parts& out, bool last) {
  const std::size_t close = held_.find(kClose);
  if (close != std::string::npos) {
    out.reasoning += held_.substr(0, close);
    held_.erase(0, close + kClose.size());
    phase_ = Phase::closed;
    return true;
  }
  const std::size_t length = held_.size() - (last ? 0 : partial_tag(held_, kClose));
  out.reasoning += held_.substr(0, length);
  held_.erase(0, length);
  return false;
}

bool StreamNormaliser::concerns(const api::StreamEvent& event) const {
  if (event.usage && names_cached_tokens(event.raw)) return true;
  if (has_own_reasoning(*dialect_, event.raw)) return true;
  return std::ranges::any_of(event.choices, [&](const api::ChoiceDelta& choice) {
    if (is_alias(*dialect_, choice.finish_reason)) return true;
    if (!dialect_->inline_think || (choice.index < think_.size() && think_[choice.index].passes()))
      return false;
    return !choice.content.empty() || !choice.reasoning.empty() || !choice.finish_reason.empty();
  });
}

std::string_view StreamNormaliser::normalise(std::string_view data) {
  if (!touches_choices(*dialect_) && !names_cached_tokens(data)) return data;
  if (api::JsonParser parser; !parser.parse(data)) return data;
  JsonObjectEdit root(data);
  if (touches_choices(*dialect_)) edit_choices(*dialect_, root, "delta", think_, false);
  name_cached_tokens(root);
  if (!root.changed()) return data;
  out_ = root.text();
  return out_;
}

std::string normalise_whole(const Dialect& dialect, std::string body) {
  api::JsonParser parser;
  if (!may_need(dialect, body) || !parser.parse(body)) return body;
  JsonObjectEdit root(body);
  std::vector<ThinkSplitter> think;
  if (touches_choices(dialect)) edit_choices(dialect, root, "message", think, true);
  name_cached_tokens(root);
  return root.changed() ? root.text() : body;
}

}  // namespace dujiang::provider
