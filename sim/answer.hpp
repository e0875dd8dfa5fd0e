// The answer to a prompt: a pure function of the prompt's bytes, so that anyone can check an answer byte for
// byte.
//
// A text is a row of tokens; token i is made from (FNV-1a of the prompt, voice, choice, i) alone, so a text
// of any length needs no memory. Its length in tokens is lognormal (median 150, sigma 0.75, clamped
// to 8..1200) by the same hash; `[[sim-tokens N]]` in the prompt (1 to 10000000) sets it. Token 1 always has
// a character of several bytes.
//
// The prompt is the content of the last user message (of content given as parts, the text parts joined); for
// a completion it is `prompt` followed by `suffix`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dujiang::sim {

enum class Voice : std::uint8_t {
  content,    // the answer
  reasoning,  // the thought before it: half as long
  json,       // the answer as the text of a JSON object, {"answer":"..."}: three tokens at least
};

class AnswerText {
 public:
  explicit AnswerText(std::string_view prompt, Voice voice = Voice::content, std::uint64_t choice = 0);

  // In tokens.
  std::size_t size() const { return size_; }

  // REQUIRES: tokens >= 1. For what has to be longer than any answer.
  void resize(std::size_t tokens) { size_ = tokens; }

  // REQUIRES: index < size().
  std::string token(std::size_t index) const;

  // Tokens [0, count) joined; all of them by default.
  std::string text(std::size_t count = SIZE_MAX) const;

 private:
  std::uint64_t draw(std::size_t index, std::uint64_t purpose) const;
  bool ends_sentence(std::size_t index) const;
  std::string word(std::size_t index) const;

  std::uint64_t hash_;
  Voice voice_;
  std::size_t size_;
};

// Where a text goes on after a given beginning of it.
struct Continuation {
  std::size_t index = 0;   // the token that the beginning ends in, or the first one after it
  std::size_t offset = 0;  // bytes of that token that the beginning holds already
};

// nullopt when `beginning` is not how `text` begins.
std::optional<Continuation> continue_after(const AnswerText& text, std::string_view beginning);

}  // namespace dujiang::sim
