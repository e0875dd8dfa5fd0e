#include "engine/exchange.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "engine/forwarding.hpp"
#include "ports/metric_catalog.hpp"
#include "provider/normalise.hpp"

namespace dujiang::engine {
namespace {

// After a 429 nothing more is sent for that account and model for so long: others would only meet it too.
constexpr base::Duration kFullAccountPause = std::chrono::milliseconds(250);

// A request obeys Retry-After to the letter; for the account it counts up to this, since others may fare
// better.
constexpr base::Duration kLongestPause = std::chrono::seconds(60);

std::uint32_t rank_of(std::string_view caller_class) {
  if (caller_class == "core") return 0;
  return caller_class == "background" ? 2 : 1;
}

// The same for a request and for its repeat by the caller's SDK.
base::Sha256Digest fingerprint(const ports::CallerRequest& request) {
  return base::Sha256()
      .add_part(request.path)
      .add_part(request.headers.get("authorization").value_or(""))
      .add_part(request.headers.get("x-api-key").value_or(""))
      .add_part(request.body)
      .finish();
}

std::optional<api::ApiError> untold_failure(Services& services, const ports::CallerRequest& request) {
  if (request.headers.get("x-stainless-retry-count").value_or("0") == "0") return std::nullopt;
  return services.commons.untold.recall(fingerprint(request), services.loop.now());
}

// Whether the bytes of a request are right for an attempt as they came, by what was read of them.
bool goes_as_it_came(const api::Call& call, const provider::AttemptForm& form) {
  if (!form.addressed || call.operation == api::Operation::beta_chat) return false;
  if (form.model != call.model || form.stream != call.stream) return false;
  return form.stream ? call.include_usage : !call.has_stream_options;
}

api::ApiError too_many_streams(std::uint64_t most) {
  api::ApiError error;
  error.status = 503;
  error.type = "server_error";
  error.code = "too_many_streams";
  error.message = "There are " + std::to_string(most) +
                  " streamed answers under way, as many as memory.streams allows; try again in a moment.";
  error.should_retry = true;
  error.retry_after = std::chrono::seconds(1);
  return error;
}

std::unique_ptr<Delivery> make_delivery(Answer& answer, Caller& caller, const Errand& errand,
                                        const Intake& intake, std::function<void()> on_commit) {
  if (intake.call.stream) {
    return std::make_unique<Relay>(answer, caller, errand.format, intake.call, intake.route->thinking,
                                   std::move(on_commit));
  }
  return std::make_unique<Collector>(answer, caller, errand.plan->settings->max_whole_answer_bytes);
}

}  // namespace

namespace {

// A call that ends before anybody is asked.
runtime::Task<void> refuse(const Errand& errand, bool stream, api::ApiError error, http::Headers standing,
                           Ledger& ledger) {
  Answer answer(errand.reply, errand.format, errand.request_id, stream);
  answer.set_standing(std::move(standing));
  ledger.failed(error.code, false);
  co_await answer.fail(std::move(error));
  ledger.sent(answer.status(), answer.bytes_written());
}

// `place` is held meanwhile.
runtime::Task<void> run_exchange(Services& services, const Errand& errand, Intake intake, Turn turn,
                                 std::optional<StreamLimit::Place> /*place*/, Ledger& ledger) {
  Exchange exchange(services, errand, intake, ledger, std::move(turn));
  co_await exchange.run();
}

// `turn`: one that was booked before; without it, the call books its own. No coroutine of its own: a stream
// would hold its frame to the end.
runtime::Task<void> serve_as(Services& services, const Errand& errand, api::Matched asked,
                             const route::RouteSpec* route, std::optional<Turn> turn, Ledger& ledger) {
  const ports::CallerRequest& request = errand.request;
  Intake intake{.operation = asked.operation, .call = {.model = std::move(asked.model)}, .route = route};
  const auto read = read_intake(*errand.plan, errand.format, request, services.loop.random(), intake);
  ledger.read(intake);
  const bool stream = intake.call.stream;
  if (!read) return refuse(errand, stream, read.error(), {}, ledger);
  if (auto failure = untold_failure(services, request)) {
    return refuse(errand, stream, std::move(*failure), {}, ledger);
  }
  std::optional<StreamLimit::Place> place;
  if (stream) {
    const std::uint64_t most = errand.plan->settings->max_streams;
    place = services.commons.streams.try_take(most);
    if (!place) return refuse(errand, stream, too_many_streams(most), {}, ledger);
  }
  if (!turn) {
    auto booked = book_turn(request.key.get(), services.loop.now(), intake.deadline.until);
    if (!booked) {
      NoTurn& none = booked.error();
      return refuse(errand, stream, std::move(none.error), std::move(none.standing), ledger);
    }
    turn = std::move(*booked);
  }
  return run_exchange(services, errand, std::move(intake), std::move(*turn), std::move(place), ledger);
}

}  // namespace

runtime::Task<void> serve(Services& services, const Errand& errand, api::Matched asked,
                          const route::RouteSpec* route) {
  Ledger ledger(services, api::to_string(asked.operation), errand.request, errand.request_id);
  co_await serve_as(services, errand, std::move(asked), route, std::nullopt, ledger);
}

runtime::Task<void> serve_part(Services& services, const Errand& errand, api::Matched asked,
                               const route::RouteSpec* route, Turn turn, Ledger& ledger) {
  co_await serve_as(services, errand, std::move(asked), route, std::move(turn), ledger);
}

Exchange::Exchange(Services& services, const Errand& errand, const Intake& intake, Ledger& ledger, Turn turn)
    : services_(services),
      errand_(errand),
      intake_(intake),
      ledger_(ledger),
      not_before_(turn.not_before),
      answer_(errand.reply, errand.format, errand.request_id, intake.call.stream),
      caller_(services.loop, answer_,
              policy::WaitingCaller(errand.request.received, intake.keep_alive, intake.deadline.silence),
              errand.request.gone),
      delivery_(make_delivery(answer_, caller_, errand, intake, [this] { forget_body(); })),
      course_(*intake.route, intake.targets, max_attempts(), intake.deadline.until) {
  answer_.set_standing(std::move(turn.standing));
}

Exchange::~Exchange() { ledger_.sent(answer_.status(), answer_.bytes_written()); }

// A request that can't be kept within the memory for retries is served, but once.
std::uint32_t Exchange::max_attempts() {
  auto lease = services_.commons.memory.try_hold(errand_.request.body.size());
  if (!lease) {
    services_.metrics.add(ports::Metric::not_retryable, {});
    return 1;
  }
  memory_ = std::move(*lease);
  return intake_.max_attempts;
}

// The stream that the caller sees goes on or breaks off: the request is not sent again. (An upstream that
// answers before it has read all of it keeps it to the end.)
void Exchange::forget_body() {
  if (!attempt_->is_done_with_body()) return;
  errand_.reply.forget_body();
  memory_ = {};
}

// The way of a request. What is decided here is decided by a policy or by the upstream's dialect; what
// happens goes through a port.
runtime::Task<void> Exchange::run() {
  for (;;) {
    policy::Step step = course_.next(services_.loop.now(), services_.loop.random());
    if (const auto* draw = std::get_if<policy::Draw>(&step)) {
      step = course_.drawn(co_await upstream(draw->target)->withdraw_by(services_.loop, draw->latest));
    }
    if (const auto* end = std::get_if<policy::GiveUp>(&step)) {
      co_await give_up(*end);
      co_return;
    }
    const policy::Try next = std::get<policy::Try>(step);
    std::optional<Permit> permit = co_await admit(next);
    const bool answered = permit && co_await send(next, std::move(*permit));
    if (answered) co_return;
    if (caller_.gone()) {
      ledger_.caller_gone(answer_.begun());
      errand_.reply.abort();
      co_return;
    }
  }
}

// Waits in the upstream's queue for a permit; nothing when it was refused, or left the queue, or its caller
// left.
runtime::Task<std::optional<Permit>> Exchange::admit(policy::Try step) {
  const base::TimePoint entered = services_.loop.now();
  // What the caller's own rate costs is not the target's fault.
  const base::TimePoint not_before = std::max(step.not_before, not_before_);
  const base::TimePoint admit_by =
      std::min(intake_.deadline.until, base::after(step.admit_by, not_before - step.not_before));
  Admission admission(services_.loop, upstream(step.target),
                      {.pool = std::string(model(step.target)),
                       .class_rank = rank_of(intake_.caller_class),
                       .arrived = errand_.request.received,
                       .deadline = intake_.deadline.until,
                       .not_before = not_before});
  const Caller::Watch watch(caller_, [&] { admission.changed().notify(); });
  while (admission.state() == Admission::State::waiting && !caller_.gone() &&
         services_.loop.now() < admit_by) {
    co_await caller_.attend();
    co_await admission.changed().wait(std::min(admit_by, caller_.due()));
  }
  ledger_.queued(services_.loop.now() - entered);
  if (caller_.gone()) co_return std::nullopt;
  if (admission.state() == Admission::State::admitted) co_return admission.take();
  const auto finding = admission.state() == Admission::State::waiting ? policy::Finding::queued_out
                                                                      : policy::Finding::not_admitted;
  fail({.target = step.target, .finding = finding, .billing = policy::Billing::unsent},
       not_admitted(admission, served_by(step.target)));
  co_return std::nullopt;
}

// Makes one attempt and sees what came of it; true when the caller has its answer.
runtime::Task<bool> Exchange::send(policy::Try step, Permit permit) {
  make_attempt(step, permit);
  co_await attempt_->run(caller_, *delivery_);
  co_return co_await judge(step, permit);
}

void Exchange::make_attempt(const policy::Try& step, const Permit& permit) {
  if (attempts_++ == 0) {
    upstream(step.target)->deposit(services_.loop);
  } else {
    ledger_.repeat(target(attempt_target_).upstream, failures_.back().code, step.target != attempt_target_);
  }
  const bool streamed =
      intake_.call.stream || (api::generates(intake_.operation) && permit.setup().streams_unstreamed());
  attempt_target_ = step.target;
  attempt_ = std::make_unique<Attempt>(services_.loop, services_.client,
                                       attempt_request(step.target, permit, streamed),
                                       clocks_for(step.target, streamed), [this] { return can_move(); });
}

runtime::Task<bool> Exchange::judge(policy::Try step, Permit& permit) {
  provider::Classification result = provider::classify(*attempt_->setup().dialect, attempt_->record());
  hide_key(result.error, permit.key());
  ledger_.attempt(*attempt_, result, model(step.target));
  if (attempt_->record().ended == provider::Ended::cancelled) co_return false;
  learn(result, permit);
  const bool other_account =
      result.account_out == provider::AccountOut::long_time && co_await take_out(result, permit);
  if (result.verdict == provider::Verdict::success) {
    co_await deliver();
    co_return true;
  }
  fail({.target = step.target,
        .finding = finding_of(result, delivery_->committed(), *intake_.route),
        .billing = billing_of(result.billing),
        .retry_after = result.retry_after,
        .other_account = other_account},
       {.served_by = served_by(step.target), .code = result.code, .error = result.error});
  co_return false;
}

// The answer of the last attempt goes to the caller.
runtime::Task<void> Exchange::deliver() {
  const provider::AttemptRecord& record = attempt_->record();
  ledger_.answered(*attempt_, model(attempt_target_), record.stream.usage);
  answer_.set_provenance(attempt_->take_provenance());
  std::optional<std::string> whole;
  if (!record.streamed) {
    whole = provider::normalise_whole(*attempt_->setup().dialect, attempt_->take_body());
  }
  co_await delivery_->finish(std::move(whole));
}

runtime::Task<void> Exchange::give_up(policy::GiveUp end) {
  api::ApiError error = final_error(end, failures_);
  if (answer_.begun() && !intake_.call.stream) {
    services_.commons.untold.remember(fingerprint(errand_.request), error, services_.loop.now());
  }
  answer_.set_provenance(
      {.served_by = end.cause ? failures_[*end.cause].served_by : "", .attempts = attempts_});
  ledger_.failed(end.cause ? provider::to_string(failures_[*end.cause].code) : "deadline", answer_.begun());
  co_await answer_.fail(std::move(error));
}

AttemptRequest Exchange::attempt_request(std::uint32_t index, const Permit& permit, bool streamed) const {
  const route::Target& at = target(index);
  const Setup& setup = permit.setup();
  const http::Headers& from_caller = errand_.request.headers;
  const bool addressed = at.upstream == intake_.route->targets.front().upstream;

  AttemptRequest request{
      .setup = setup,
      // The front leaves the body out; the upstream need not know.
      .method = errand_.request.method == "HEAD" ? "GET" : std::string(errand_.request.method),
      .target = provider::target_path(*setup.dialect, intake_.operation, model(index)).value_or("/"),
      .headers =
          upstream_headers(from_caller, addressed ? Vendor::addressed : Vendor::other, at.forward_headers),
      .operation = intake_.operation,
      .streamed = streamed,
      .choices = intake_.call.n,
      .one_token = intake_.call.one_token(),
      .max_body = errand_.plan->settings->max_whole_answer_bytes,
      .served_by = served_by(index),
      .number = attempts_,
      .repeat_on_stale = course_.may_repeat() || !api::has_body(intake_.operation),
  };
  add_credentials(request.headers, *setup.spec, permit.key(), from_caller);
  if (api::has_body(intake_.operation)) {
    request.headers.add("Content-Type", "application/json");
    const std::string_view body = errand_.request.body;
    const provider::AttemptForm form{
        .model = model(index), .stream = streamed, .include_usage = streamed, .addressed = addressed};
    if (goes_as_it_came(intake_.call, form)) {
      request.body = body;
    } else {
      request.new_body = provider::translate_request(*setup.dialect, intake_.operation, body, form).body;
    }
  }
  return request;
}

policy::AttemptClocks Exchange::clocks_for(std::uint32_t index, bool streamed) const {
  using policy::AttemptClocks;
  const bool alone = !course_.elsewhere(index);
  return {intake_.route->clocks, streamed ? AttemptClocks::Form::streamed : AttemptClocks::Form::unstreamed,
          alone ? AttemptClocks::Elsewhere::alone : AttemptClocks::Elsewhere::another_target,
          services_.loop.now(), intake_.deadline.until};
}

// A late first token is given up only for what may be sent at once: a repeat that the budget does not allow
// now would lose its place in one queue to wait in another.
runtime::Task<bool> Exchange::can_move() const {
  co_return course_.elsewhere(attempt_target_) &&
      co_await upstream(attempt_target_)->has_repeat(services_.loop);
}

void Exchange::learn(const provider::Classification& result, Permit& permit) const {
  if (result.account_out == provider::AccountOut::transient) {
    permit.pause_until(base::after(services_.loop.now(),
                                   std::min(result.retry_after.value_or(kFullAccountPause), kLongestPause)));
  } else if (result.verdict == provider::Verdict::success) {
    permit.accepted();
  }
}

// Takes out the key or the account that was refused; whether the target has another one that is in.
runtime::Task<bool> Exchange::take_out(const provider::Classification& result, Permit& permit) {
  const auto what = result.code == provider::Code::auth ? policy::Accounts::Refused::key
                                                        : policy::Accounts::Refused::account;
  const Permit::TakenOut taken = co_await permit.take_out(what, result.error);
  if (taken.out) {
    services_.log.warning("account_out", "account `" + std::string(permit.account()) + "` of upstream `" +
                                             target(attempt_target_).upstream + "` is out of use: " +
                                             std::string(provider::to_string(result.code)));
  }
  co_return taken.out&& taken.another_in;
}

void Exchange::fail(policy::AttemptOutcome outcome, Failure failure) {
  if (errand_.request.key) hide_account(failure);
  failures_.push_back(std::move(failure));
  course_.observe(outcome, services_.loop.now());
}

}  // namespace dujiang::engine
