// Writes one answer as JSON: whole, or as the chunks of a stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/answer.hpp"
#include "sim/chat_request.hpp"

namespace dujiang::sim {

struct Identity {
  std::string id;            // a UUID
  std::int64_t created = 0;  // seconds since 1970
};

// The steps of an answer are its deltas: those of the thought, then those of the content or of the tool call.
// With several choices each step makes one chunk for each.
class Composer {
 public:
  // `thinking`: whether a thought comes first.
  Composer(ChatRequest request, Identity identity, bool thinking);

  // The content becomes this many tokens long (fault `huge`).
  void stretch(std::size_t tokens);
  // A thought of at least one token comes first, whatever was asked (fault 21).
  void think();

  std::size_t steps() const { return steps_; }
  std::size_t reasoning_steps() const { return reasoning_steps_; }
  std::string_view finish_reason() const;
  bool includes_usage() const { return request_.include_usage; }
  bool streams() const { return request_.stream; }

  // Chunks: each the JSON of one event. `extra` members go into the delta, ",\"a\":1".
  std::vector<std::string> first_chunks(std::string_view extra = {}) const;
  std::vector<std::string> delta_chunks(std::size_t step) const;
  // With usage on the last of them where it gets no chunk of its own.
  std::vector<std::string> finish_chunks(std::string_view reason, std::size_t steps) const;
  std::string usage_chunk(std::size_t steps) const;  // choices: []
  // A chunk whose delta has this content, a JSON value; for faults.
  std::string content_chunk(std::string_view json) const;

  // The whole answer as far as `steps`.
  std::string whole(std::string_view reason, std::size_t steps) const;
  // A whole answer whose message is `message` (its members without braces), for faults.
  std::string whole_with(std::string_view message, std::string_view reason) const;

  // The whole thought, as a JSON string.
  std::string reasoning_text() const;

  // Tokens of content among the first `steps` steps, over all choices.
  std::size_t content_tokens(std::size_t steps) const;

 private:
  struct Choice {
    AnswerText reasoning;
    AnswerText content;
  };

  void count_steps();
  std::string content_token(const Choice& choice, std::size_t at) const;
  std::string reasoning_token(const Choice& choice, std::size_t at) const;
  std::string delta(const Choice& choice, std::size_t step) const;
  std::string joined(const Choice& choice, bool reasoning, std::size_t steps) const;
  std::string message(const Choice& choice, std::size_t steps) const;
  std::string chunk(std::string_view choices, std::string_view usage) const;
  std::string chunk_choice(std::size_t index, std::string_view delta, std::string_view logprobs,
                           std::string_view reason) const;
  std::string head(std::string_view object) const;
  std::string usage(std::size_t steps) const;
  std::string tool_call_id() const;

  ChatRequest request_;
  Identity identity_;
  std::vector<Choice> choices_;
  std::vector<std::string> tool_pieces_;  // of the arguments; empty without a tool call
  std::size_t reasoning_from_ = 0;        // the token that the thought goes on with
  std::size_t reasoning_offset_ = 0;      // and the bytes of it that the caller has
  std::size_t content_from_ = 0;
  std::size_t content_offset_ = 0;
  std::size_t reasoning_steps_ = 0;
  std::size_t steps_ = 0;
  bool thinking_ = false;
  bool cut_ = false;  // by max_tokens
};

}  // namespace dujiang::sim
