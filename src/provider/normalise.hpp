// Brings a dialect's answers into the normal form: reasoning_content, no inline <think>, both names for
// cached tokens (rule 13). Bytes that need no change stay as they came.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "provider/dialect.hpp"

namespace dujiang::provider {

// One per streamed attempt: a <think> tag may be split over events, so the end of a text may be held back
// until the next event, at most a tag's length.
class StreamNormaliser {
 public:
  explicit StreamNormaliser(const Dialect& dialect) : dialect_(&dialect) {}

  // The data of one event in the normal form. The view lives as long as `data` and until the next call.
  std::string_view normalise(std::string_view data);

 private:
  // Where each choice stands between the tags.
  enum class Phase : std::uint8_t { start, thinking, after_think, answer };
  struct Choice {
    Phase phase = Phase::start;
    std::string held;
  };

  const Dialect* dialect_;
  std::vector<Choice> choices_;
  std::string out_;
};

// A whole answer in the normal form.
std::string normalise_whole(const Dialect& dialect, std::string body);

}  // namespace dujiang::provider
