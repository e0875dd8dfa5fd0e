// Brings a dialect's answers into the normal form: reasoning_content, no inline <think>, both names for
// cached tokens, OpenAI's finish reasons (rule 13). Bytes that need no change stay as they came.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/stream_event.hpp"
#include "provider/dialect.hpp"

namespace dujiang::provider {

// Takes thinking that stands at the start of content, between <think> and </think>, out of a text that comes
// in pieces. A tag may be split over pieces: the end of a text is held back until it is known, at most a
// tag's length (and the whitespace before the first tag).
class ThinkSplitter {
 public:
  struct Parts {
    std::string reasoning;
    std::string content;
  };

  // `last`: nothing follows, so nothing is held back.
  Parts feed(std::string_view text, bool last);

  // Content is passed as it comes from here on.
  bool passes() const { return phase_ == Phase::answer && held_.empty(); }
  // The upstream takes thinking apart itself.
  void pass();
  bool holds() const { return !held_.empty(); }

 private:
  enum class Phase : std::uint8_t { start, opened, thinking, closed, answer };
  bool step(Parts& out, bool last);
  bool find_open(bool last);
  bool find_close(Parts& out, bool last);

  Phase phase_ = Phase::start;
  std::string held_;
};

// One per streamed attempt.
class StreamNormaliser {
 public:
  explicit StreamNormaliser(const Dialect& dialect) : dialect_(&dialect) {}

  // The data of one event in the normal form; what is no valid chunk is given back as it came. The view lives
  // as long as `data` and until the next call.
  std::string_view normalise(std::string_view data);

  // Whether normalise() may have something to do for an event, which was read as it came. Most have nothing.
  bool concerns(const api::StreamEvent& event) const;

 private:
  const Dialect* dialect_;
  std::vector<ThinkSplitter> think_;  // by choice index
  std::string out_;
};

// A whole answer in the normal form; what is no valid answer is given back as it came.
std::string normalise_whole(const Dialect& dialect, std::string body);

}  // namespace dujiang::provider
