// An upstream's answer, judged: the same verdict for any cut of its bytes, and none that breaks a promise of
// the rules.
//
// The first line of the input says how the attempt went, as digits one after the other (missing ones are 0):
// dialect, kind of ending, failure, clock, how much was sent, flags (1 streamed, 2 committed, 4 one token),
// and the status as three digits. The rest is the body.
#include <algorithm>
#include <string>

#include "base/ascii.hpp"
#include "fuzz/pieces.hpp"
#include "fuzz/targets.hpp"
#include "provider/classify.hpp"
#include "provider/dialect.hpp"
#include "support/replay_attempt.hpp"

namespace dujiang::fuzz {
namespace {

using provider::Classification;
using provider::Code;
using provider::Verdict;

class Digits {
 public:
  explicit Digits(std::string_view text) : text_(text) {}
  unsigned below(unsigned bound) {
    if (text_.empty()) return 0;
    const auto digit = static_cast<unsigned char>(text_.front());
    text_.remove_prefix(1);
    return (digit >= '0' && digit <= '9' ? digit - '0' : digit) % bound;
  }

 private:
  std::string_view text_;
};

testing::Script read_script(Digits digits, std::string_view body) {
  testing::Script script;
  script.ended = static_cast<provider::Ended>(digits.below(5));
  script.failure = static_cast<provider::Failure>(digits.below(8));
  script.clock = static_cast<provider::Clock>(digits.below(6));
  script.sent = static_cast<provider::Sent>(digits.below(3));
  const unsigned flags = digits.below(8);
  script.stream = (flags & 1) != 0;
  script.committed = (flags & 2) != 0;
  script.one_token = (flags & 4) != 0;
  const unsigned hundreds = digits.below(10);
  script.status = static_cast<int>(hundreds * 100 + digits.below(10) * 10 + digits.below(10));
  if (script.status < 200) script.status = 0;
  if (script.status >= 400) script.headers.add("retry-after", std::string(body.substr(0, 32)));
  script.body = body;
  return script;
}

std::string describe(const Classification& got) {
  return std::string(to_string(got.verdict)) + " " + std::string(to_string(got.billing)) + " " +
         std::string(to_string(got.code)) + " " + std::to_string(got.error.status) + " " + got.error.message +
         (got.retry_after ? " after " + std::to_string(got.retry_after->count()) : "") +
         std::to_string(got.learned_limit.value_or(0));
}

void check(const testing::Script& script, const Classification& got) {
  const bool success = got.verdict == Verdict::success;
  require(success == (got.code == Code::ok), "a success with a cause, or a failure without one");
  require(!success || (script.status >= 200 && script.status <= 299), "a success without a status of one");
  require(!success || !base::is_blank(script.body), "nothing is a success");
  require(got.verdict != Verdict::retryable || !script.committed, "tried again after content was shown");
  require(!got.retry_after || *got.retry_after >= base::Duration::zero(), "a wait into the past");
  if (success) return;
  require(got.error.status >= 400 && got.error.status <= 599, "an error with the status of a success");
  require(!got.error.message.empty() && !got.error.code.empty(), "an error without words");
  require(!got.error.should_retry, "the caller is sent away to try again himself");
}

}  // namespace

void classification(std::string_view bytes) {
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  Digits digits(bytes.substr(0, end));
  const std::string_view body = bytes.substr(std::min(end + 1, bytes.size()));
  const auto dialects = provider::all_dialects();
  const provider::Dialect& dialect = *dialects[digits.below(static_cast<unsigned>(dialects.size()))];
  testing::Script script = read_script(digits, body);
  const auto run = [&](std::size_t bytes_per_read) {
    script.bytes_per_read = bytes_per_read;
    const testing::ReplayedAttempt attempt(dialect, script);
    const Classification got = classify(dialect, attempt.record());
    check(script, got);
    return describe(got) + "\n" + attempt.content();
  };
  const std::string whole = run(0);
  for (const std::size_t size : {1, 3, 17})
    require(run(size) == whole, "another verdict in pieces: " + whole);
}

}  // namespace dujiang::fuzz
