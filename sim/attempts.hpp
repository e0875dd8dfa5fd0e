// Where attempts arrive: counts them, decides their fate, and has it shown.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/loop.hpp"
#include "runtime/task.hpp"
#include "sim/chat_request.hpp"
#include "sim/errors.hpp"
#include "sim/fate.hpp"
#include "sim/ledger.hpp"
#include "sim/options.hpp"
#include "sim/request.hpp"
#include "sim/weather.hpp"
#include "sim/wire.hpp"

namespace dujiang::sim {

class Attempts {
 public:
  Attempts(runtime::Loop& loop, Options options);

  // Serves one; true when the connection can go on. `fixed_body` stands in place of a composed answer.
  runtime::Task<bool> serve(Wire& wire, Request request, ChatRequest chat,
                            std::optional<std::string> fixed_body = {});

  // Begins a scenario now. Attempts under way keep the weather that they arrived in.
  void begin(Scenario scenario, double speed, std::uint64_t seed);
  // Begins the present one again, and forgets what was counted.
  void reset();

  const Ledger& ledger() const { return ledger_; }
  const Options& options() const { return options_; }
  std::string stats() const;  // a JSON object

 private:
  // Everything about an attempt that is known when it has arrived.
  struct Arrived {
    SharedWeather weather;
    Fate fate;
    AttemptEntry entry;
    std::string uuid;
    unsigned slots = 0;  // of the phase
  };

  Arrived arrive(const Request& request, const ChatRequest& chat, const std::vector<Directive>& directives);
  runtime::Task<bool> refuse(Wire& wire, Request request, Arrived attempt);
  runtime::Task<bool> perform(Wire& wire, Request request, ChatRequest chat,
                              std::optional<std::string> fixed_body, Arrived attempt);
  base::Result<std::vector<Directive>> directives(const Request& request, const ChatRequest& chat) const;
  std::optional<Directive> told(const Request& request, const ChatRequest& chat,
                                const std::vector<Directive>& directives, std::uint64_t prompt);
  AttemptId next_id(double seconds);
  std::string next_uuid();

  runtime::Loop& loop_;
  Options options_;
  SharedWeather weather_;
  Ledger ledger_;
  AttemptId last_id_{.slot = UINT64_MAX, .k = 0};
  std::uint64_t uuids_ = 0;
};

// Writes an error answer; true when the connection can go on.
runtime::Task<bool> send_page(Wire& wire, ErrorPage page, std::string extra_fields, bool keep_alive);

}  // namespace dujiang::sim
