#include "sim/performance.hpp"

#include <algorithm>
#include <chrono>

#include "sim/http_text.hpp"

namespace dujiang::sim {
namespace {

// Several tokens that are due leave together, at most so many bytes at a time.
constexpr std::size_t kBatchBytes = std::size_t{64} * 1024;

// The least time between two batches of a stream: short enough that at 40 tokens/s each token leaves on its
// own, longer when thousands of streams share the processor.
constexpr base::Duration kLeastBatchGap = std::chrono::milliseconds(15);
constexpr base::Duration kMostBatchGap = std::chrono::milliseconds(250);
constexpr base::Duration kBatchGapPerStream = std::chrono::microseconds(50);

// An answer that is not streamed looks at the clock so often.
constexpr base::Duration kUnsentStep = std::chrono::milliseconds(200);

// A reset overtakes what the caller has not read; so much time he gets.
constexpr base::Duration kBeforeReset = std::chrono::milliseconds(20);

// Between the two halves of a character: enough for two reads.
constexpr base::Duration kBetweenHalves = std::chrono::milliseconds(2);

constexpr base::Duration kBetweenSpews = std::chrono::milliseconds(2);

constexpr double kClockSlack = 0.001;  // real seconds

// Inside the first character of several bytes; npos where there is none.
std::size_t split_point(std::string_view bytes) {
  const auto lead = std::ranges::find_if(bytes, [](char c) { return static_cast<unsigned char>(c) >= 0xc0; });
  return lead == bytes.end() ? std::string_view::npos : static_cast<std::size_t>(lead - bytes.begin()) + 1;
}

}  // namespace

Performance::Performance(Wire& wire, runtime::Loop& loop, Job job)
    : wire_(wire), loop_(loop), job_(std::move(job)), keep_alive_(job_.keep_alive) {
  if (fault().fault == Fault::gzip) gzip_.emplace();
}

std::string Performance::whole_body(std::string_view reason) const {
  return job_.fixed_body ? *job_.fixed_body : job_.composer.whole(reason, steps_done_);
}

bool Performance::over(Outcome outcome) {
  if (!outcome_) outcome_ = outcome;
  return false;
}

runtime::Task<bool> Performance::until(double seconds) {
  if (!co_await flush({})) co_return false;
  const auto& hazard = job_.fate.hazard;
  const bool strikes = hazard && hazard->at <= seconds;
  if (!co_await wire_.wait(job_.weather->instant(strikes ? hazard->at : seconds))) {
    co_return over(Outcome::cancelled);
  }
  if (!strikes) co_return true;
  if (hazard->kind == Break::Kind::reset) co_return co_await reset();
  co_return co_await hang();
}

runtime::Task<bool> Performance::pass(double seconds) { return until(now() + seconds); }

runtime::Task<bool> Performance::signs_of_life(double seconds, double every) {
  // On a grid from the beginning, so that their number depends neither on how late the clock wakes us nor on
  // how the sum of instants rounds.
  const double begin = now();
  for (double passed = 0;;) {
    passed += every > 0 ? every : job_.weather->keep_alive_at(begin + passed);
    if (!co_await until(begin + std::min(passed, seconds))) co_return false;
    if (passed >= seconds) co_return true;
    if (!co_await body(streams() ? ": keep-alive\n\n" : "\n")) co_return false;
  }
}

double Performance::interval(double seconds) const {
  if (fault().fault == Fault::slow_drip) return times().every;
  if (fault().fault == Fault::huge) return 0;
  return 1 / job_.weather->scenario.phase_at(seconds).token_rate;
}

double Performance::next_batch(bool sent) const {
  if (fault().fault == Fault::huge) return due_;
  const auto gap =
      sent ? std::clamp(job_.load->slots_held() * kBatchGapPerStream, kLeastBatchGap, kMostBatchGap)
           : kUnsentStep;
  return std::max(due_, job_.weather->seconds_at(base::after(last_batch_, gap)));
}

runtime::Task<bool> Performance::tokens(std::size_t upto, bool sent) {
  if (due_ < 0) due_ = now();
  upto = std::min(upto, composer().steps());
  const double slack = kClockSlack * job_.weather->speed;
  while (steps_done_ < upto) {
    if (!co_await until(next_batch(sent))) co_return false;
    last_batch_ = loop_.now();
    std::string batch;
    while (steps_done_ < upto && due_ <= now() + slack && batch.size() < kBatchBytes) {
      if (sent) {
        for (const std::string& json : composer().delta_chunks(steps_done_)) batch += sse(json);
      }
      ++steps_done_;
      due_ += interval(due_);
    }
    if (!co_await body(std::move(batch))) co_return false;
    if (sent) steps_sent_ = steps_done_;
  }
  co_return true;
}

runtime::Task<bool> Performance::last_token() { return until(std::max(due_, now())); }

std::string Performance::head_text(std::string_view content_type, std::optional<std::uint64_t> length) const {
  return to_text({.status = 200,
                  .content_type = content_type,
                  .length = length,
                  .until_close = framing_ == BodyFraming::until_close,
                  .keep_alive = keep_alive_,
                  .trace_id = trace_id(job_.uuid),
                  .extra = gzip_ ? "Content-Encoding: gzip\r\n" : ""});
}

void Performance::head(std::string_view content_type, std::optional<std::uint64_t> length) {
  framing_ = length ? BodyFraming::length : job_.old_http ? BodyFraming::until_close : BodyFraming::chunked;
  if (framing_ == BodyFraming::until_close) keep_alive_ = false;
  held_ = head_text(content_type, length);
  status_ = 200;
}

void Performance::head_until_close(std::string_view content_type) {
  framing_ = BodyFraming::until_close;
  keep_alive_ = false;
  held_ = head_text(content_type, {});
  status_ = 200;
}

runtime::Task<bool> Performance::flush(std::string more) {
  if (outcome_) co_return false;
  std::string bytes = std::exchange(held_, {}) + more;
  if (bytes.empty()) co_return true;
  if (co_await wire_.write(std::move(bytes))) co_return true;
  co_return over(Outcome::cancelled);
}

runtime::Task<bool> Performance::framed(std::string bytes) {
  return flush(framing_ == BodyFraming::chunked ? chunk(bytes) : std::move(bytes));
}

runtime::Task<bool> Performance::body(std::string bytes) {
  if (bytes.empty()) co_return !outcome_;
  if (gzip_) bytes = gzip_->add(bytes);
  const bool bytewise = fault().is("byte");
  const std::size_t split = fault().is("split_utf8") ? split_point(bytes) : std::string_view::npos;
  if (bytewise) {
    if (!co_await flush({})) co_return false;
    if (framing_ == BodyFraming::chunked) bytes = chunk(bytes);
    co_return co_await wire_.write_bytewise(std::move(bytes)) || over(Outcome::cancelled);
  }
  if (split == std::string_view::npos) co_return co_await framed(std::move(bytes));
  if (!co_await framed(bytes.substr(0, split))) co_return false;
  if (!co_await wire_.wait(base::after(loop_.now(), kBetweenHalves))) co_return over(Outcome::cancelled);
  co_return co_await framed(bytes.substr(split));
}

std::string Performance::sse(std::string_view json) const {
  if (fault().fault != Fault::framing) return "data: " + std::string(json) + "\n\n";
  const std::string_view line_end = fault().is("crlf") ? "\r\n" : "\n";
  std::string out = fault().is("comment") ? ": a comment\n\n" : "";
  out += fault().is("nospace") ? "data:" : "data: ";
  return out.append(json).append(line_end).append(line_end);
}

runtime::Task<bool> Performance::events(const std::vector<std::string>& jsons) {
  std::string bytes;
  for (const std::string& json : jsons) bytes += sse(json);
  return body(std::move(bytes));
}

runtime::Task<bool> Performance::event(std::string_view json) { return body(sse(json)); }

runtime::Task<bool> Performance::done_marker() { return event("[DONE]"); }

runtime::Task<bool> Performance::raw(std::string bytes) {
  framing_ = BodyFraming::until_close;
  keep_alive_ = false;
  return flush(std::move(bytes));
}

runtime::Task<bool> Performance::spew(std::string unit) {
  constexpr std::size_t kPiece = std::size_t{16} * 1024;
  std::string piece;
  while (piece.size() < kPiece) piece += unit;
  for (;;) {
    if (!co_await framed(piece)) break;
    if (!co_await wire_.wait(base::after(loop_.now(), kBetweenSpews))) break;
  }
  outcome_ = Outcome::cut;
  co_return false;
}

runtime::Task<bool> Performance::end(Outcome outcome) {
  if (gzip_ && !co_await framed(gzip_->finish())) co_return false;
  std::string last(framing_ == BodyFraming::chunked ? kLastChunk : "");
  if (co_await flush(std::move(last))) outcome_ = outcome;
  co_return false;
}

runtime::Task<bool> Performance::close(Outcome outcome) {
  keep_alive_ = false;
  return end(outcome);
}

runtime::Task<bool> Performance::cut_off(Outcome outcome) {
  keep_alive_ = false;
  if (co_await flush({})) outcome_ = outcome;
  co_return false;
}

runtime::Task<bool> Performance::reset() {
  if (!co_await flush({})) co_return false;
  if (!co_await wire_.wait(base::after(loop_.now(), kBeforeReset))) co_return over(Outcome::cancelled);
  wire_.reset();
  co_return over(Outcome::reset);
}

runtime::Task<bool> Performance::hang() {
  if (!co_await flush({})) co_return false;
  outcome_ = Outcome::stalled;
  while (co_await wire_.wait(base::kNever)) continue;
  co_return false;
}

Shown Performance::shown() const {
  const std::size_t whole = outcome_ == Outcome::done ? steps_done_ : 0;
  return {.outcome = outcome_.value_or(Outcome::cancelled),
          .status = status_,
          .content_tokens = job_.composer.content_tokens(streams() ? steps_sent_ : whole),
          .generated = steps_done_,
          .keep_alive = keep_alive_ && !wire_.gone()};
}

}  // namespace dujiang::sim
