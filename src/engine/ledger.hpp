// What is written down of a request: one log line, and the metrics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/usage.hpp"
#include "engine/attempt.hpp"
#include "engine/intake.hpp"
#include "engine/services.hpp"
#include "engine/upstream.hpp"
#include "ports/access_log.hpp"
#include "provider/classify.hpp"

namespace dujiang::engine {

class Ledger {
 public:
  Ledger(Services& services, std::string_view operation, const ports::CallerRequest& request,
         std::string request_id);
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  ~Ledger();

  void read(const Intake& intake);
  void queued(base::Duration span) { line_.queue_seconds += base::seconds(span); }
  void attempt(const Attempt& attempt, const provider::Classification& result, std::string_view model);
  void repeat(std::string_view upstream, provider::Code reason, bool elsewhere);

  // The answer went out whole, served by the last attempt.
  void answered(const Attempt& attempt, std::string_view model, const std::optional<api::Usage>& usage);
  // The request failed with `code`; `cut` where an answer had begun.
  void failed(std::string_view code, bool cut);
  void caller_gone(bool cut);
  void result(std::string text) { line_.result = std::move(text); }
  // Answered whole without an upstream.
  void local(int status, std::uint64_t bytes) {
    line_.result = "ok";
    sent(status, bytes);
  }
  // What has gone to the caller in all.
  void sent(int status, std::uint64_t bytes);

 private:
  Services& services_;
  std::string_view operation_;  // a literal
  base::TimePoint received_;
  ports::AccessLine line_;
};

}  // namespace dujiang::engine
