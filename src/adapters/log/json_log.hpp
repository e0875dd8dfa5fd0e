// The access log as JSON lines: one object a line, to stderr or to a stream of the caller's.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string_view>

#include "base/time.hpp"
#include "ports/access_log.hpp"

namespace dujiang::adapters::log {

// What is below the level is not written. Requests and notices are `info`.
enum class Level : std::uint8_t { info, warning, off };

class JsonLog final : public ports::AccessLog {
 public:
  using Clock = std::function<base::WallTime()>;

  // Writes to stderr, unbuffered: a line is out when the call returns.
  JsonLog(Level level, Clock clock);
  // `to` must outlive the log.
  JsonLog(Level level, Clock clock, std::ostream& to);
  ~JsonLog() override;

  void request(const ports::AccessLine& line) override;
  void notice(std::string_view event, std::string_view message) override;
  void warning(std::string_view event, std::string_view message) override;

 private:
  class Impl;
  void message(Level level, std::string_view event, std::string_view text);

  std::unique_ptr<Impl> impl_;
};

}  // namespace dujiang::adapters::log
