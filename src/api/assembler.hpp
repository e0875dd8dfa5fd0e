// Puts the chunks of a streamed answer together into the whole answer.
//
// Strings of a delta are joined, tool_calls by their index (arguments joined), logprobs appended, usage taken
// from its chunk, every other field by its last value: unknown fields included, so nothing is lost. Texts are
// joined as they came, escapes and numbers unchanged.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace dujiang::api {

class Assembler {
 public:
  explicit Assembler(std::size_t max_bytes);
  ~Assembler();
  Assembler(Assembler&&) noexcept;
  Assembler& operator=(Assembler&&) noexcept;

  // Takes in the JSON of one chunk. REQUIRES: StreamEventReader has accepted it. An error means that the
  // answer exceeds max_bytes.
  base::Result<void> add(std::string_view chunk);

  // The answer so far: "chat.completion" or "text_completion".
  std::string whole() const;

  // About the memory held.
  std::size_t bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dujiang::api
