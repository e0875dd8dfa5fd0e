#include "engine/ledger.hpp"

#include <string>
#include <utility>

#include "engine/outcome.hpp"
#include "ports/metric_catalog.hpp"

namespace dujiang::engine {

using ports::Metric;

Ledger::Ledger(Services& services, std::string_view operation, const ports::CallerRequest& request,
               std::string request_id)
    : services_(services), operation_(operation), received_(request.received) {
  line_.request_id = std::move(request_id);
  line_.peer = std::string(request.peer);
  if (request.key) line_.caller = request.key->spec.name;
  line_.method = std::string(request.method);
  line_.path = std::string(request.path);
  line_.request_bytes = request.body.size();
}

void Ledger::read(const Intake& intake) {
  line_.model = intake.call.model;
  line_.stream = intake.call.stream;
  if (line_.stream) services_.metrics.add(Metric::streams, {}, 1);
  if (intake.route == nullptr) return;
  line_.route = intake.route->name;
  line_.caller_class = intake.caller_class.empty() ? intake.route->caller_class : intake.caller_class;
}

void Ledger::sent(int status, std::uint64_t bytes) {
  line_.status = status;
  line_.response_bytes = bytes;
}

Ledger::~Ledger() {
  if (line_.stream) services_.metrics.add(Metric::streams, {}, -1);
  line_.seconds = base::seconds(services_.loop.now() - received_);
  const std::string_view error = line_.result == "ok" ? std::string_view{} : std::string_view(line_.result);
  services_.metrics.observe(Metric::server_request_duration, {operation_, line_.route, error}, line_.seconds);
  services_.metrics.add(Metric::requests, {line_.route, operation_, line_.result});
  if (!line_.caller.empty()) services_.metrics.add(Metric::caller_requests, {line_.caller, line_.result});
  if (line_.stream && line_.first_token_seconds) {
    services_.metrics.observe(Metric::server_time_to_first_token, {operation_, line_.route},
                              *line_.first_token_seconds);
  }
  services_.log.request(line_);
}

void Ledger::attempt(const Attempt& attempt, const provider::Classification& result, std::string_view model) {
  const provider::AttemptRecord& record = attempt.record();
  const std::string_view outcome = provider::to_string(result.code);
  const std::string_view error = result.code == provider::Code::ok ? std::string_view{} : outcome;
  const std::string_view dialect = attempt.setup().dialect->name;
  const std::string& name = attempt.setup().spec->name;
  const double seconds = base::seconds(record.elapsed);

  line_.attempts.push_back({.upstream = name,
                            .model = std::string(model),
                            .endpoint = std::string(attempt.endpoint()),
                            .outcome = std::string(outcome),
                            .detail = attempt.detail(),
                            .billing = std::string(provider::to_string(result.billing)),
                            .status = record.status,
                            .seconds = seconds});
  ports::Metrics& metrics = services_.metrics;
  metrics.add(Metric::attempts, {name, model, outcome});
  if (tells_of_account(result.code)) metrics.add(Metric::account_faults, {name, outcome});
  metrics.observe(Metric::client_operation_duration, {operation_, dialect, name, model, error}, seconds);
  if (attempt.first_token()) {
    metrics.observe(Metric::client_time_to_first_chunk, {operation_, dialect, name, model},
                    base::seconds(*attempt.first_token() - attempt.started()));
  }
  if (result.billing == provider::Billing::possibly_billed) {
    metrics.add(Metric::possibly_billed, {name});
    metrics.add(Metric::undelivered_tokens, {name}, static_cast<double>(attempt.tokens_seen()));
  }
}

void Ledger::repeat(std::string_view upstream, provider::Code reason, bool elsewhere) {
  const Metric metric = elsewhere ? Metric::fail_overs : Metric::retries;
  services_.metrics.add(metric, {upstream, provider::to_string(reason)});
}

void Ledger::answered(const Attempt& attempt, std::string_view model,
                      const std::optional<api::Usage>& usage) {
  line_.result = "ok";
  line_.served_by = attempt.setup().spec->name + "/" + std::string(model);
  if (attempt.first_token()) line_.first_token_seconds = base::seconds(*attempt.first_token() - received_);
  if (!usage) return;
  line_.prompt_tokens = usage->prompt_tokens;
  line_.completion_tokens = usage->completion_tokens;
  const std::string_view dialect = attempt.setup().dialect->name;
  const std::string& name = attempt.setup().spec->name;
  services_.metrics.observe(Metric::client_token_usage, {operation_, dialect, name, model, "input"},
                            static_cast<double>(usage->prompt_tokens));
  services_.metrics.observe(Metric::client_token_usage, {operation_, dialect, name, model, "output"},
                            static_cast<double>(usage->completion_tokens));
  if (line_.caller.empty()) return;
  services_.metrics.add(Metric::caller_tokens, {line_.caller, "input"},
                        static_cast<double>(usage->prompt_tokens));
  services_.metrics.add(Metric::caller_tokens, {line_.caller, "output"},
                        static_cast<double>(usage->completion_tokens));
}

void Ledger::failed(std::string_view code, bool cut) {
  line_.result = std::string(code);
  if (cut)
    services_.metrics.add(Metric::answers_cut, {line_.route, line_.stream ? "error_event" : "aborted"});
}

void Ledger::caller_gone(bool cut) {
  line_.result = "caller_gone";
  if (cut) services_.metrics.add(Metric::answers_cut, {line_.route, "caller_gone"});
}

}  // namespace dujiang::engine
