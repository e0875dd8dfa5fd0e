// The access log as JSON lines: one object a line.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/log/lines.hpp"
#include "base/time.hpp"
#include "ports/access_log.hpp"

namespace dujiang::adapters::log {

// What is below the level is not written. Requests and notices are `info`.
enum class Level : std::uint8_t { info, warning, off };

// The line that stands where `lost` ones are missing, with its end: a LineWriter's Announce.
std::string losses_line(std::uint64_t lost, std::string_view why);

// Safe from any thread, as far as its clock is.
class JsonLog final : public ports::AccessLog {
 public:
  using Clock = std::function<base::WallTime()>;

  // `to` must outlive the log.
  JsonLog(Level level, Clock clock, Lines& to) : level_(level), clock_(std::move(clock)), to_(to) {}

  void request(const ports::AccessLine& line) override;
  void notice(std::string_view event, std::string_view message) override;
  void warning(std::string_view event, std::string_view message) override;
  ports::LogState state() const override { return to_.state(); }

  void set_level(Level level) { level_ = level; }

 private:
  void message(Level level, std::string_view event, std::string_view text);

  std::atomic<Level> level_;
  const Clock clock_;
  Lines& to_;
};

}  // namespace dujiang::adapters::log
