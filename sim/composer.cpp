#include "sim/composer.hpp"

#include <algorithm>

#include "sim/draws.hpp"
#include "sim/json_text.hpp"

namespace dujiang::sim {
namespace {

constexpr std::size_t kToolWords = 6;
constexpr std::size_t kCacheBlock = 64;  // tokens
constexpr std::string_view kFingerprint = "fp_dujiang_sim";

std::string number(std::size_t value) { return std::to_string(value); }

// One token's entry of `logprobs.content`; its probability is a hash.
std::string logprob(std::string_view token) {
  std::string bytes;
  for (const char c : token) bytes += (bytes.empty() ? "" : ",") + number(static_cast<unsigned char>(c));
  const double value = -static_cast<double>(fnv1a64(token) % 1000) / 1000;
  return R"({"token":)" + quoted(token) + R"(,"logprob":)" + std::to_string(value) + R"(,"bytes":[)" + bytes +
         R"(],"top_logprobs":[]})";
}

std::string json_or_null(std::string_view text) { return text.empty() ? "null" : quoted(text); }

}  // namespace

Composer::Composer(ChatRequest request, Identity identity, bool thinking)
    : request_(std::move(request)), identity_(std::move(identity)), thinking_(thinking) {
  const Voice voice = request_.json_mode ? Voice::json : Voice::content;
  for (unsigned i = 0; i < request_.choices; ++i) {
    choices_.push_back(
        {AnswerText(request_.prompt, Voice::reasoning, i), AnswerText(request_.prompt, voice, i)});
  }
  if (request_.tool) {
    tool_pieces_ = {"{" + quoted(request_.tool_parameter) + ":\""};
    const AnswerText words(request_.prompt, Voice::json);
    for (std::size_t i = 1; i <= kToolWords; ++i) {
      // The last token of that voice closes an object, which these words do not open.
      if (i + 1 < words.size()) tool_pieces_.push_back(words.token(i));
    }
    tool_pieces_.emplace_back("\"}");
  }
  if (request_.prefix) {
    const auto content = continue_after(choices_.front().content, *request_.prefix).value_or(Continuation{});
    content_from_ = content.index;
    content_offset_ = content.offset;
    const auto thought =
        continue_after(choices_.front().reasoning, request_.reasoning_prefix).value_or(Continuation{});
    reasoning_from_ = thought.index;
    reasoning_offset_ = thought.offset;
    // Content that has begun means a thought that is over.
    if (!request_.prefix->empty()) thinking_ = false;
  }
  count_steps();
  // A stream may live long; what the prompt was good for is done.
  request_.prompt = {};
  request_.prefix = {};
}

void Composer::count_steps() {
  reasoning_steps_ = thinking_ ? choices_.front().reasoning.size() - reasoning_from_ : 0;
  const std::size_t content =
      tool_pieces_.empty() ? choices_.front().content.size() - content_from_ : tool_pieces_.size() + 1;
  const std::size_t all = reasoning_steps_ + content;
  steps_ = std::min(all, request_.max_tokens.value_or(all));
  reasoning_steps_ = std::min(reasoning_steps_, steps_);
  cut_ = steps_ < all;
}

void Composer::stretch(std::size_t tokens) {
  for (Choice& choice : choices_) choice.content.resize(tokens);
  request_.max_tokens.reset();
  tool_pieces_.clear();
  content_from_ = content_offset_ = 0;
  count_steps();
}

void Composer::think() {
  thinking_ = true;
  count_steps();
}

std::string_view Composer::finish_reason() const {
  if (cut_) return "length";
  return tool_pieces_.empty() ? "stop" : "tool_calls";
}

std::size_t Composer::content_tokens(std::size_t steps) const {
  return (steps - std::min(steps, reasoning_steps_)) * choices_.size();
}

std::string Composer::content_token(const Choice& choice, std::size_t at) const {
  const std::string token = choice.content.token(content_from_ + at);
  return at == 0 ? token.substr(content_offset_) : token;
}

std::string Composer::reasoning_token(const Choice& choice, std::size_t at) const {
  const std::string token = choice.reasoning.token(reasoning_from_ + at);
  return at == 0 ? token.substr(reasoning_offset_) : token;
}

std::string Composer::tool_call_id() const { return "call_0_" + identity_.id; }

std::string Composer::head(std::string_view object) const {
  return R"({"id":)" + quoted(identity_.id) + R"(,"object":")" + std::string(object) + R"(","created":)" +
         std::to_string(identity_.created) + R"(,"model":)" + quoted(request_.model) +
         R"(,"system_fingerprint":")" + std::string(kFingerprint) + '"';
}

std::string Composer::usage(std::size_t steps) const {
  const std::size_t hit = request_.prompt_tokens / 2 / kCacheBlock * kCacheBlock;
  const std::size_t completion = steps * choices_.size();
  std::string out = R"({"prompt_tokens":)" + number(request_.prompt_tokens) + R"(,"completion_tokens":)" +
                    number(completion) + R"(,"total_tokens":)" + number(request_.prompt_tokens + completion) +
                    R"(,"prompt_tokens_details":{"cached_tokens":)" + number(hit) + '}';
  if (thinking_) {
    out += R"(,"completion_tokens_details":{"reasoning_tokens":)" +
           number(std::min(steps, reasoning_steps_) * choices_.size()) + '}';
  }
  return out + R"(,"prompt_cache_hit_tokens":)" + number(hit) + R"(,"prompt_cache_miss_tokens":)" +
         number(request_.prompt_tokens - hit) + '}';
}

std::string Composer::chunk(std::string_view choices, std::string_view usage) const {
  std::string out = head(request_.form == Form::chat ? "chat.completion.chunk" : "text_completion");
  out += R"(,"choices":[)" + std::string(choices) + ']';
  if (!usage.empty()) out += R"(,"usage":)" + std::string(usage);
  return out + '}';
}

std::string Composer::chunk_choice(std::size_t index, std::string_view delta, std::string_view logprobs,
                                   std::string_view reason) const {
  std::string out = R"({"index":)" + number(index);
  out += request_.form == Form::chat ? R"(,"delta":{)" + std::string(delta) + '}' : ',' + std::string(delta);
  return out + R"(,"logprobs":)" +
         (logprobs.empty() ? "null" : R"({"content":[)" + std::string(logprobs) + "]}") +
         R"(,"finish_reason":)" + json_or_null(reason) + '}';
}

std::vector<std::string> Composer::first_chunks(std::string_view extra) const {
  std::vector<std::string> out;
  if (request_.form == Form::completion) return out;
  const std::string_view content = reasoning_steps_ > 0 ? "null" : "\"\"";
  for (std::size_t i = 0; i < choices_.size(); ++i) {
    const std::string delta = R"("role":"assistant","content":)" + std::string(content) +
                              (reasoning_steps_ > 0 && extra.empty() ? R"(,"reasoning_content":"")" : "");
    out.push_back(chunk(chunk_choice(i, delta + std::string(extra), {}, {}), includes_usage() ? "null" : ""));
  }
  return out;
}

std::string Composer::delta(const Choice& choice, std::size_t step) const {
  if (step < reasoning_steps_) return R"("reasoning_content":)" + quoted(reasoning_token(choice, step));
  const std::size_t at = step - reasoning_steps_;
  if (tool_pieces_.empty()) {
    return (request_.form == Form::chat ? R"("content":)" : R"("text":)") + quoted(content_token(choice, at));
  }
  if (at == 0) {
    return R"("tool_calls":[{"index":0,"id":)" + quoted(tool_call_id()) +
           R"(,"type":"function","function":{"name":)" + quoted(*request_.tool) + R"(,"arguments":""}}])";
  }
  return R"("tool_calls":[{"index":0,"function":{"arguments":)" + quoted(tool_pieces_[at - 1]) + "}}]";
}

std::vector<std::string> Composer::delta_chunks(std::size_t step) const {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < choices_.size(); ++i) {
    const bool plain = step >= reasoning_steps_ && tool_pieces_.empty();
    const std::string logprobs =
        request_.logprobs && plain ? logprob(content_token(choices_[i], step - reasoning_steps_)) : "";
    out.push_back(
        chunk(chunk_choice(i, delta(choices_[i], step), logprobs, {}), includes_usage() ? "null" : ""));
  }
  return out;
}

std::vector<std::string> Composer::finish_chunks(std::string_view reason, std::size_t steps) const {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < choices_.size(); ++i) {
    const std::string_view delta = request_.form == Form::chat ? R"("content":"")" : R"("text":"")";
    const bool last = i + 1 == choices_.size();
    const std::string use = includes_usage() ? "null" : last ? usage(steps) : "";
    out.push_back(chunk(chunk_choice(i, delta, {}, reason), use));
  }
  return out;
}

std::string Composer::usage_chunk(std::size_t steps) const { return chunk("", usage(steps)); }

std::string Composer::reasoning_text() const { return quoted(choices_.front().reasoning.text()); }

std::string Composer::content_chunk(std::string_view json) const {
  const std::string key = request_.form == Form::chat ? R"("content":)" : R"("text":)";
  return chunk(chunk_choice(0, key + std::string(json), {}, {}), includes_usage() ? "null" : "");
}

std::string Composer::joined(const Choice& choice, bool reasoning, std::size_t steps) const {
  std::string out;
  if (reasoning) {
    for (std::size_t i = 0; i < std::min(steps, reasoning_steps_); ++i) out += reasoning_token(choice, i);
  } else {
    for (std::size_t i = reasoning_steps_; i < steps; ++i) out += content_token(choice, i - reasoning_steps_);
  }
  return out;
}

std::string Composer::message(const Choice& choice, std::size_t steps) const {
  std::string out = R"("role":"assistant","content":)";
  if (tool_pieces_.empty()) {
    out += quoted(joined(choice, false, steps));
  } else {
    std::string arguments;
    for (std::size_t i = reasoning_steps_ + 1; i < steps; ++i) {
      arguments += tool_pieces_[i - reasoning_steps_ - 1];
    }
    out += R"("","tool_calls":[{"index":0,"id":)" + quoted(tool_call_id()) +
           R"(,"type":"function","function":{"name":)" + quoted(*request_.tool) + R"(,"arguments":)" +
           quoted(arguments) + "}}]";
  }
  if (reasoning_steps_ > 0) out += R"(,"reasoning_content":)" + quoted(joined(choice, true, steps));
  return out;
}

std::string Composer::whole(std::string_view reason, std::size_t steps) const {
  std::string out =
      head(request_.form == Form::chat ? "chat.completion" : "text_completion") + R"(,"choices":[)";
  for (std::size_t i = 0; i < choices_.size(); ++i) {
    out += (i == 0 ? "" : ",") + std::string(R"({"index":)") + number(i);
    out += request_.form == Form::chat ? R"(,"message":{)" + message(choices_[i], steps) + '}'
                                       : R"(,"text":)" + quoted(joined(choices_[i], false, steps));
    std::string logprobs;
    for (std::size_t k = reasoning_steps_; request_.logprobs && tool_pieces_.empty() && k < steps; ++k) {
      logprobs += (logprobs.empty() ? "" : ",") + logprob(content_token(choices_[i], k - reasoning_steps_));
    }
    out += R"(,"logprobs":)" + (request_.logprobs ? R"({"content":[)" + logprobs + "]}" : "null");
    out += R"(,"finish_reason":)" + json_or_null(reason) + '}';
  }
  return out + R"(],"usage":)" + usage(steps) + '}';
}

std::string Composer::whole_with(std::string_view message, std::string_view reason) const {
  const std::string body =
      request_.form == Form::chat ? R"("message":{)" + std::string(message) + '}' : R"("text":"")";
  return head(request_.form == Form::chat ? "chat.completion" : "text_completion") +
         R"(,"choices":[{"index":0,)" + body + R"(,"logprobs":null,"finish_reason":)" + json_or_null(reason) +
         R"(}],"usage":)" + usage(0) + '}';
}

}  // namespace dujiang::sim
