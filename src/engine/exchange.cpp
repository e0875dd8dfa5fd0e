#include "engine/exchange.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "api/single_chunk.hpp"
#include "engine/forwarding.hpp"
#include "ports/metric_catalog.hpp"
#include "provider/normalise.hpp"

namespace dujiang::engine {
namespace {

// After a 429 nothing more is sent for that account and model for so long: others would only meet it too.
constexpr base::Duration kFullAccountPause = std::chrono::milliseconds(250);

std::uint32_t rank_of(std::string_view caller_class) {
  if (caller_class == "core") return 0;
  return caller_class == "background" ? 2 : 1;
}

}  // namespace

Exchange::Exchange(Services& services, std::shared_ptr<const Plan> plan, const ports::CallerRequest& request,
                   ports::CallerReply& reply, const api::WireFormat& format, api::Matched asked,
                   const route::RouteSpec* route, std::string request_id)
    : services_(services),
      plan_(std::move(plan)),
      request_(request),
      format_(format),
      intake_{.operation = asked.operation, .call = {.model = std::move(asked.model)}, .route = route},
      ledger_(services, api::to_string(asked.operation), request, request_id),
      request_id_(std::move(request_id)),
      reply_(reply) {}

Exchange::~Exchange() {
  if (answer_) ledger_.sent(answer_->status(), answer_->bytes_written());
}

// The way of a request. What is decided here is decided by a policy or by the upstream's dialect; what
// happens goes through a port.
runtime::Task<void> Exchange::run() {
  if (auto refused = open()) {
    ledger_.failed(refused->code, false);
    co_await answer_->fail(std::move(*refused));
    co_return;
  }
  for (;;) {
    const policy::Step step = next_step();
    if (const auto* end = std::get_if<policy::GiveUp>(&step)) {
      co_await give_up(*end);
      co_return;
    }
    const policy::Try next = std::get<policy::Try>(step);
    std::optional<Permit> permit = co_await admit(next);
    const bool answered = permit && co_await send(next, std::move(*permit));
    if (answered) co_return;
    if (caller_->gone()) {
      ledger_.caller_gone();
      reply_.abort();
      co_return;
    }
  }
}

// Reads the request, and sets up both sides. An error is the caller's to mend.
std::optional<api::ApiError> Exchange::open() {
  const auto read = read_intake(*plan_, format_, request_, services_.loop.random(), intake_);
  answer_.emplace(reply_, format_, request_id_, intake_.call.stream);
  ledger_.read(intake_);
  if (!read) return read.error();
  if (request_.headers.get("x-stainless-retry-count").value_or("0") != "0") {
    if (auto untold = services_.untold.recall(fingerprint(), services_.loop.now())) return untold;
  }

  const policy::WaitingCaller patience(request_.received, intake_.keep_alive, intake_.deadline.silence);
  caller_.emplace(services_.loop, *answer_, patience, request_.gone);
  if (intake_.call.stream) {
    relay_.emplace(*answer_, *caller_, format_, intake_.call, intake_.route->thinking);
  } else {
    collector_.emplace(plan_->settings->max_whole_answer_bytes);
  }

  std::uint32_t max_attempts = intake_.max_attempts;
  if (auto lease = services_.memory.try_hold(request_.body.size())) {
    memory_ = std::move(*lease);
  } else {
    max_attempts = 1;
  }
  course_.emplace(*intake_.route, intake_.targets, max_attempts, intake_.deadline.until);
  return std::nullopt;
}

policy::Step Exchange::next_step() {
  const base::TimePoint now = services_.loop.now();
  const auto spend = [&](std::uint32_t index, base::TimePoint latest) {
    policy::RetryBudget& budget = upstream(index).budget();
    const auto allowed = budget.withdraw_by(now, latest);
    services_.metrics.set(ports::Metric::retry_budget_balance, {target(index).upstream}, budget.balance(now));
    return allowed;
  };
  return course_->next(now, services_.loop.random(), spend);
}

// Waits in the upstream's queue for a permit; nothing when it was refused, or left the queue, or its caller
// left.
runtime::Task<std::optional<Permit>> Exchange::admit(policy::Try step) {
  Upstream& there = upstream(step.target);
  const base::TimePoint entered = services_.loop.now();
  Admission admission(there.shared_from_this(),
                      {.pool = std::string(model_at(target(step.target), intake_.call)),
                       .class_rank = rank_of(intake_.route->caller_class),
                       .arrived = request_.received,
                       .deadline = intake_.deadline.until,
                       .not_before = step.not_before});
  const Caller::Watch watch(*caller_, [&] { admission.changed().notify(); });
  while (admission.state() == Admission::State::waiting && !caller_->gone() &&
         services_.loop.now() < step.admit_by) {
    co_await caller_->attend();
    co_await admission.changed().wait(std::min(step.admit_by, caller_->due()));
  }
  ledger_.queued(services_.loop.now() - entered);
  if (admission.state() == Admission::State::admitted) co_return admission.take();
  if (caller_->gone()) co_return std::nullopt;
  const auto finding = admission.state() == Admission::State::waiting ? policy::Finding::queued_out
                                                                      : policy::Finding::not_admitted;
  fail({.target = step.target, .finding = finding, .billing = policy::Billing::unsent},
       not_admitted(admission, there, served_by(step.target)));
  co_return std::nullopt;
}

// Makes one attempt and sees what came of it; true when the exchange is over.
runtime::Task<bool> Exchange::send(policy::Try step, Permit permit) {
  Upstream& there = upstream(step.target);
  if (sent_++ == 0) {
    there.budget().deposit(services_.loop.now());
  } else {
    ledger_.repeat(upstream(attempt_target_), failures_.back().code, step.target != attempt_target_);
  }
  attempt_ = make_attempt(step, permit);
  attempt_target_ = step.target;
  StreamSink& sink = relay_ ? static_cast<StreamSink&>(*relay_) : *collector_;
  co_await attempt_->run(*caller_, sink);

  const provider::AttemptRecord& record = attempt_->record();
  const provider::Classification result = provider::classify(there.dialect(), record);
  ledger_.attempt(*attempt_, result, there, model_at(target(step.target), intake_.call));
  if (record.ended == provider::Ended::cancelled) co_return false;
  learn(result, permit);
  attempt_is_blank_ = result.verdict == provider::Verdict::blank;
  if (result.verdict == provider::Verdict::success || (attempt_is_blank_ && ++blanks_ > 1)) {
    co_await deliver();
    co_return true;
  }
  fail({.target = step.target,
        .finding = finding_of(result, *intake_.route),
        .billing = billing_of(result.billing),
        .retry_after = result.retry_after,
        .other_account = there.account_in()},
       {.served_by = served_by(step.target), .code = result.code, .error = result.error});
  co_return false;
}

// The answer of the last attempt goes to the caller.
runtime::Task<void> Exchange::deliver() {
  const provider::AttemptRecord& record = attempt_->record();
  Upstream& there = upstream(attempt_target_);
  ledger_.answered(*attempt_, there, model_at(target(attempt_target_), intake_.call), record.stream.usage);
  answer_->set_provenance(attempt_->provenance());
  if (relay_) {
    if (!record.streamed) {
      api::StreamEventReader reader;
      const std::string chunk =
          api::single_chunk(provider::normalise_whole(there.dialect(), attempt_->take_body()));
      if (const auto event = reader.read(chunk)) relay_->take(**event);
    }
    co_await relay_->finish();
  } else if (record.streamed) {
    co_await answer_->whole(collector_->whole());
  } else {
    co_await answer_->whole(provider::normalise_whole(there.dialect(), attempt_->take_body()));
  }
}

runtime::Task<void> Exchange::give_up(policy::GiveUp end) {
  // An empty answer that can't be asked for again is the answer.
  if (attempt_is_blank_) {
    co_await deliver();
    co_return;
  }
  api::ApiError error = final_error(end, failures_);
  if (answer_->begun() && !intake_.call.stream) {
    services_.untold.remember(fingerprint(), error, services_.loop.now());
  }
  answer_->set_provenance({.served_by = end.cause ? failures_[*end.cause].served_by : "", .attempts = sent_});
  ledger_.failed(end.cause ? provider::to_string(failures_[*end.cause].code) : "deadline", answer_->begun());
  co_await answer_->fail(std::move(error));
}

std::unique_ptr<Attempt> Exchange::make_attempt(const policy::Try& step, const Permit& permit) {
  const route::Target& at = target(step.target);
  Upstream& there = upstream(step.target);
  const api::Call& call = intake_.call;
  const bool addressed = at.upstream == intake_.route->targets.front().upstream;
  const bool streamed = call.stream || (api::generates(intake_.operation) && there.streams_unstreamed());
  const std::string_view model = model_at(at, call);

  AttemptRequest request{
      .dialect = &there.dialect(),
      .upstream = at.upstream,
      .method = std::string(request_.method),
      .target = *provider::target_path(there.dialect(), intake_.operation, model),
      .headers = upstream_headers(request_.headers, addressed ? Vendor::addressed : Vendor::other,
                                  at.forward_headers),
      .operation = intake_.operation,
      .streamed = streamed,
      .choices = call.n,
      .one_token = call.one_token(),
      .max_body = plan_->settings->max_whole_answer_bytes,
      .served_by = served_by(step.target),
      .number = sent_,
  };
  if (api::has_body(intake_.operation)) {
    request.headers.add("Content-Type", "application/json");
    request.body =
        provider::translate_request(
            there.dialect(), intake_.operation, request_.body,
            {.model = model, .stream = streamed, .include_usage = streamed, .addressed = addressed})
            .body;
  }
  add_credentials(request.headers, there.spec(), permit.key(), request_.headers);
  return std::make_unique<Attempt>(services_.loop, services_.client, std::move(request),
                                   clocks_for(step, streamed));
}

// A late first token counts only where the request can move, and the other upstream's budget lets it.
policy::AttemptClocks Exchange::clocks_for(const policy::Try& step, bool streamed) {
  using policy::AttemptClocks;
  const base::TimePoint now = services_.loop.now();
  const auto elsewhere = course_->elsewhere(step.target);
  const bool can_move = elsewhere && upstream(*elsewhere).budget().balance(now) >= 1;
  return {intake_.route->clocks, streamed ? AttemptClocks::Form::streamed : AttemptClocks::Form::unstreamed,
          can_move ? AttemptClocks::Elsewhere::another_target : AttemptClocks::Elsewhere::alone, now,
          intake_.deadline.until};
}

void Exchange::learn(const provider::Classification& result, Permit& permit) {
  const base::TimePoint now = services_.loop.now();
  switch (result.account_out) {
    case provider::AccountOut::no:
      if (result.verdict == provider::Verdict::success) permit.accepted();
      break;
    case provider::AccountOut::transient:
      permit.pause_until(base::after(now, result.retry_after.value_or(kFullAccountPause)));
      break;
    case provider::AccountOut::long_time:
      permit.take_out(result.code == provider::Code::auth ? policy::Accounts::Refused::key
                                                          : policy::Accounts::Refused::account,
                      result.error);
      services_.log.warning("account_out", "account `" + std::string(permit.account()) + "` of upstream `" +
                                               upstream(attempt_target_).spec().name + "` is out of use: " +
                                               std::string(provider::to_string(result.code)));
      break;
  }
}

void Exchange::fail(policy::AttemptOutcome outcome, Failure failure) {
  failures_.push_back(std::move(failure));
  course_->observe(outcome, services_.loop.now());
}

std::string Exchange::served_by(std::uint32_t index) const {
  return target(index).upstream + "/" + std::string(model_at(target(index), intake_.call));
}

// The same for a request and for its repeat by the caller's SDK.
std::uint64_t Exchange::fingerprint() const {
  const std::hash<std::string_view> hash;
  return hash(request_.body) ^ (hash(request_.headers.get("authorization").value_or("")) * 31) ^
         (hash(request_.path) * 17);
}

}  // namespace dujiang::engine
