// One accepted attempt on its way: the means by which every fault is shown.
//
// Its coroutines return false once the attempt is over: the caller has left, a hazard has struck, or it has
// been ended. What it came to stands in shown().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/loop.hpp"
#include "runtime/task.hpp"
#include "sim/composer.hpp"
#include "sim/fate.hpp"
#include "sim/gzip.hpp"
#include "sim/ledger.hpp"
#include "sim/weather.hpp"
#include "sim/wire.hpp"

namespace dujiang::sim {

struct Job {
  SharedWeather weather;
  Fate fate;
  Composer composer;
  std::optional<std::string> fixed_body;  // in place of what the composer writes: embeddings
  std::string uuid;
  bool old_http = false;         // the caller speaks HTTP/1.0: no chunks
  bool keep_alive = true;        // as far as the caller goes
  const Ledger* load = nullptr;  // tells how busy the process is
};

struct Shown {
  Outcome outcome = Outcome::cancelled;
  int status = 0;
  std::size_t content_tokens = 0;  // sent
  std::size_t generated = 0;
  bool keep_alive = false;
};

enum class BodyFraming : std::uint8_t { chunked, length, until_close };

class Performance {
 public:
  Performance(Wire& wire, runtime::Loop& loop, Job job);

  const Directive& fault() const { return job_.fate.fault; }
  const Times& times() const { return job_.fate.times; }
  Composer& composer() { return job_.composer; }
  bool streams() const { return job_.composer.streams() && !job_.fixed_body; }
  std::string whole_body(std::string_view reason) const;
  bool head_is_sent() const { return status_ != 0; }
  double now() const { return job_.weather->seconds_at(loop_.now()); }
  std::size_t steps_done() const { return steps_done_; }
  std::string_view uuid() const { return job_.uuid; }

  // Time, in scenario seconds.
  runtime::Task<bool> until(double seconds);
  runtime::Task<bool> pass(double seconds);
  // Comments or blank lines for so long, every `every`, or by the scenario's interval where that is 0.
  runtime::Task<bool> signs_of_life(double seconds, double every);
  // Generates up to that many steps at the token rate, and sends them where `sent`.
  runtime::Task<bool> tokens(std::size_t upto, bool sent);
  // After a silence: the next token is generated now.
  void go_on() { due_ = now(); }
  // Waits for the instant at which the steps done so far are generated to the end.
  runtime::Task<bool> last_token();

  // Bytes. The head leaves with what follows it, or when time passes.
  void head(std::string_view content_type, std::optional<std::uint64_t> length = {});
  void head_until_close(std::string_view content_type);
  runtime::Task<bool> body(std::string bytes);
  runtime::Task<bool> events(const std::vector<std::string>& jsons);
  runtime::Task<bool> event(std::string_view json);
  runtime::Task<bool> done_marker();
  // Without head or framing: what is not HTTP.
  runtime::Task<bool> raw(std::string bytes);
  // `unit` again and again, 16 KiB at a time, until the caller leaves.
  runtime::Task<bool> spew(std::string unit);

  // Endings; always false, for `co_return co_await …`.
  runtime::Task<bool> end(Outcome outcome);      // properly
  runtime::Task<bool> close(Outcome outcome);    // properly, and the connection with it
  runtime::Task<bool> cut_off(Outcome outcome);  // closes within the framing
  runtime::Task<bool> reset();
  runtime::Task<bool> hang();  // silent until the caller leaves

  Shown shown() const;

 private:
  runtime::Task<bool> flush(std::string more);
  runtime::Task<bool> framed(std::string bytes);
  std::string sse(std::string_view json) const;
  std::string head_text(std::string_view content_type, std::optional<std::uint64_t> length) const;
  double interval(double seconds) const;
  double next_batch(bool sent) const;
  bool over(Outcome outcome);

  Wire& wire_;
  runtime::Loop& loop_;
  Job job_;
  std::optional<Gzip> gzip_;
  std::string held_;  // the head, not sent yet
  BodyFraming framing_ = BodyFraming::chunked;
  int status_ = 0;
  std::optional<Outcome> outcome_;
  std::size_t steps_done_ = 0;
  std::size_t steps_sent_ = 0;
  double due_ = -1;  // when the next token is generated; -1 before the first
  base::TimePoint last_batch_{};
  bool keep_alive_;
};

// Shows the attempt to its end.
runtime::Task<Shown> show(Wire& wire, runtime::Loop& loop, Job job);

}  // namespace dujiang::sim
