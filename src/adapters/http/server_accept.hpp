// When accepting pauses and goes on, and what an operator hears of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "adapters/http/server.hpp"
#include "base/time.hpp"

namespace dujiang::adapters::http {

// Pauses may follow each other many times a second: told of are those that begin kQuiet after the last one
// that was told of, and their ends.
class AcceptPause {
 public:
  static constexpr base::Duration kQuiet = std::chrono::seconds(10);

  // No connection can be accepted now; `open` are. What there is to say.
  std::optional<std::string> begin(PauseReason reason, std::size_t open, base::TimePoint now);

  // One was accepted. What there is to say.
  std::optional<std::string> end(base::TimePoint now);

  bool paused() const { return paused_; }

 private:
  base::TimePoint since_{};
  std::optional<base::TimePoint> told_at_;
  std::uint64_t untold_ = 0;  // pauses since then
  bool paused_ = false;
  bool told_ = false;  // of this one
};

// Why accept() failed with `error` although a connection may be waiting.
PauseReason pause_reason(int error);

}  // namespace dujiang::adapters::http
