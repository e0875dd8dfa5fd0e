// One line per request, and a few about the gateway itself. Never a key, a prompt or an answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dujiang::ports {

struct AttemptLine {
  std::string upstream;
  std::string model;
  std::string endpoint;
  std::string outcome;  // "ok", or the failure's code: "busy", "stalled", ...
  std::string detail;   // the failure in words, where the way to the upstream or an event broke; no content
  std::string billing;  // "unsent", "refused", "possibly_billed", "delivered"
  int status = 0;       // 0 when no head came
  double seconds = 0;
};

struct AccessLine {
  std::string request_id;
  std::string peer;
  std::string caller;  // the name of its key; empty where callers need none
  std::string method;
  std::string path;
  std::string route;
  std::string model;
  std::string caller_class;
  bool stream = false;
  int status = 0;
  std::string result;  // "ok", or the error code that the caller saw, or "caller_gone"
  std::string served_by;
  std::vector<AttemptLine> attempts;
  double queue_seconds = 0;
  std::optional<double> first_token_seconds;
  double seconds = 0;
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::optional<std::uint64_t> prompt_tokens;
  std::optional<std::uint64_t> completion_tokens;
};

struct LogState {
  std::uint64_t lost = 0;  // lines that were not written, since their reader was too slow or their disk full
  bool failing = false;    // the last write failed; lines are held as long as there is room for them
};

// None of its calls waits for the log to be written.
class AccessLog {
 public:
  virtual ~AccessLog() = default;
  virtual void request(const AccessLine& line) = 0;
  virtual void notice(std::string_view event, std::string_view message) = 0;
  virtual void warning(std::string_view event, std::string_view message) = 0;

  virtual LogState state() const { return {}; }
};

}  // namespace dujiang::ports
