#include "engine/attempt.hpp"

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"
#include "base/release.hpp"
#include "engine/forwarding.hpp"

namespace dujiang::engine {
namespace {

using provider::Ended;

// What is read of an error's body, and for how long.
constexpr std::size_t kMaxErrorBody = 64u << 10;
constexpr base::Duration kErrorBodyTime = std::chrono::seconds(5);

// How long an exchange whose answer is whole may take to end its message, so that its connection is used
// again.
constexpr base::Duration kLeftoverTime = std::chrono::seconds(1);

provider::Clock clock_of(policy::Clock clock) {
  switch (clock) {
    case policy::Clock::first_byte:
      return provider::Clock::first_byte;
    case policy::Clock::silence:
      return provider::Clock::silence;
    case policy::Clock::first_token:
      return provider::Clock::first_token;
    case policy::Clock::gap:
      return provider::Clock::gap;
    case policy::Clock::after_finish:
      return provider::Clock::after_finish;
    case policy::Clock::total:
      break;
  }
  return provider::Clock::total;
}

provider::Failure failure_of(ports::IoFailure failure) {
  switch (failure) {
    case ports::IoFailure::no_endpoint:
      return provider::Failure::no_endpoint;
    case ports::IoFailure::dns:
      return provider::Failure::dns;
    case ports::IoFailure::connect:
      return provider::Failure::connect;
    case ports::IoFailure::connect_timeout:
      return provider::Failure::connect_timeout;
    case ports::IoFailure::local:
      return provider::Failure::local;
    case ports::IoFailure::tls:
      return provider::Failure::tls;
    case ports::IoFailure::reset:
      return provider::Failure::reset;
    case ports::IoFailure::closed:
      return provider::Failure::closed;
    case ports::IoFailure::protocol:
      break;
  }
  return provider::Failure::protocol;
}

provider::Sent sent_of(ports::Sent sent) {
  switch (sent) {
    case ports::Sent::nothing:
      return provider::Sent::nothing;
    case ports::Sent::some:
      return provider::Sent::some;
    case ports::Sent::everything:
      break;
  }
  return provider::Sent::everything;
}

// Reads on to the end of a message whose answer is complete already. `request` holds what the exchange refers
// to.
runtime::Task<void> drain(runtime::Loop& loop, std::unique_ptr<AttemptRequest> /*request*/,
                          std::unique_ptr<ports::HttpExchange> exchange) {
  const base::TimePoint until = base::after(loop.now(), kLeftoverTime);
  for (;;) {
    const ports::HttpEvent event = co_await exchange->next(until);
    if (event.kind != ports::HttpEvent::Kind::body) co_return;
  }
}

}  // namespace

Attempt::Attempt(runtime::Loop& loop, ports::HttpClient& client, AttemptRequest request,
                 policy::AttemptClocks clocks, MayMove may_move)
    : loop_(loop),
      client_(client),
      request_(std::make_unique<AttemptRequest>(std::move(request))),
      clocks_(clocks),
      may_move_(std::move(may_move)),
      normaliser_(*request_->setup.dialect) {
  record_.operation = request_->operation;
  record_.streamed = request_->streamed;
  record_.choices = request_->choices;
  record_.one_token = request_->one_token;
}

Attempt::~Attempt() {
  // What is not sent by now may be gone with the request.
  if (is_done_with_body() && record_.ended == Ended::complete && record_.stream.done) {
    loop_.spawn(drain(loop_, std::move(request_), std::move(exchange_)));
  }
}

bool Attempt::is_done_with_body() const { return exchange_ && exchange_->is_done_with_body(); }

base::TimePoint Attempt::due() const { return std::min(clocks_.due(), error_due_); }

runtime::Task<bool> Attempt::look_at_clocks() {
  auto clock = clocks_.expired(loop_.now());
  if (clock == policy::Clock::first_token && !co_await may_move_()) {
    clocks_.stay();
    clock = clocks_.expired(loop_.now());
  }
  if (clock) record_.clock = clock_of(*clock);
  if (!clock && loop_.now() >= error_due_) record_.clock = provider::Clock::silence;
  co_return clock || loop_.now() >= error_due_;
}

runtime::Task<void> Attempt::run(Caller& caller, Delivery& delivery) {
  started_ = loop_.now();
  clocks_.on_sent(started_);
  exchange_ = client_.open({.upstream = request_->setup.spec->name,
                            .as_configured = request_->setup.spec.get(),
                            .method = request_->method,
                            .target = std::move(request_->target),
                            .headers = std::move(request_->headers),
                            .body = request_->new_body ? *request_->new_body : request_->body,
                            .repeat_on_stale = request_->repeat_on_stale});
  const Caller::Watch watch(caller, [this] { exchange_->interrupt(); });
  while (!over_) {
    if (caller.gone()) {
      end_without_caller();
      break;
    }
    if (loop_.now() >= due() && co_await look_at_clocks()) {
      end(Ended::clock);
      break;
    }
    co_await caller.attend();
    const ports::HttpEvent event = co_await exchange_->next(std::min(due(), caller.due()));
    switch (event.kind) {
      case ports::HttpEvent::Kind::timeout:
        break;
      case ports::HttpEvent::Kind::head:
        on_head(delivery);
        break;
      case ports::HttpEvent::Kind::body:
        on_body(event.bytes, delivery);
        if (form_ == Form::events) co_await flush(caller, delivery);
        break;
      case ports::HttpEvent::Kind::end:
        on_end(delivery);
        co_await delivery.flush();
        break;
      case ports::HttpEvent::Kind::failure:
        record_.failure = failure_of(event.failure);
        detail_ = event.detail;
        end(Ended::failure);
        break;
    }
  }
  record_.committed = delivery.committed();
}

void Attempt::on_head(Delivery& delivery) {
  record_.status = exchange_->status();
  record_.headers = &exchange_->headers();
  // Nobody looks at the request any more, and a stream may have hours to go.
  if (is_done_with_body()) base::release(request_->new_body);
  clocks_.on_head(loop_.now());
  if (record_.status >= 200 && record_.status <= 299) {
    provenance_ = {.served_by = request_->served_by,
                   .attempts = request_->number,
                   .upstream_request_id = upstream_request_id(exchange_->headers()),
                   .upstream_headers = caller_headers(exchange_->headers())};
    delivery.begin(provenance_);
    return;
  }
  form_ = Form::whole;
  error_due_ = base::after(loop_.now(), kErrorBodyTime);
}

void Attempt::on_body(std::string_view bytes, Delivery& delivery) {
  clocks_.on_bytes(loop_.now());
  if (form_ == Form::undecided) {
    decide_form(bytes);
  } else if (form_ == Form::events) {
    sse_.feed(bytes);
  } else {
    add_to_body(bytes);
  }
  if (form_ == Form::events) read_events(delivery);
}

runtime::Task<void> Attempt::flush(Caller& caller, Delivery& delivery) {
  const base::TimePoint before = loop_.now();
  co_await delivery.flush();
  clocks_.on_paused(loop_.now() - before);
  if (caller.gone() && !over_) end_without_caller();
}

void Attempt::decide_form(std::string_view bytes) {
  body_ += bytes;
  switch (api::sniff_body(body_)) {
    case api::BodyForm::undecided:
      record_.stream.keep_alive = true;
      api::squeeze_undecided(body_);
      break;
    case api::BodyForm::sse:
      form_ = Form::events;
      record_.streamed = true;
      sse_.feed(std::exchange(body_, {}));
      break;
    case api::BodyForm::json:
    case api::BodyForm::other:
      form_ = Form::whole;
      record_.streamed = false;
      add_to_body({});
      break;
  }
}

void Attempt::add_to_body(std::string_view bytes) {
  clocks_.on_progress(loop_.now());
  const bool error = error_due_ != base::kNever;
  if (!error && body_.size() + bytes.size() > request_->max_body) {
    end(Ended::too_large);
    return;
  }
  body_ += bytes;
  if (error && body_.size() > kMaxErrorBody) {
    body_.resize(kMaxErrorBody);
    end(Ended::complete);
  }
}

void Attempt::read_events(Delivery& delivery) {
  // Not one for each stream: most of the time all of them wait, and a reader holds a parser's memory.
  api::StreamEventReader reader;
  while (!over_) {
    const auto item = sse_.next();
    if (!item) break;
    on_item(*item, reader, delivery);
  }
  if (over_ || !sse_.too_large()) return;
  // No event is so long: what comes is no event stream.
  record_.stream.malformed_event = true;
  end(Ended::complete);
}

void Attempt::on_item(const api::SseItem& item, api::StreamEventReader& reader, Delivery& delivery) {
  if (item.kind == api::SseItem::Kind::comment) {
    record_.stream.keep_alive = true;
    return;
  }
  if (base::trim(item.text) == api::kDone) {
    record_.stream.done = true;
    end(Ended::complete);
    return;
  }
  auto event = reader.read(item.text);
  if (event && normaliser_.concerns(**event)) event = reader.read(normaliser_.normalise(item.text));
  if (!event) {
    // The rest of an event that the end of the stream cut off is no garbage: the stream was cut.
    if (item.unterminated) return;
    record_.stream.malformed_event = true;
    detail_ = event.error();
    end(Ended::complete);
    return;
  }
  on_event(**event, delivery);
}

void Attempt::on_event(const api::StreamEvent& event, Delivery& delivery) {
  record_.stream.observe(event);
  if (event.error || record_.stream.failed_finish()) {
    end(Ended::complete);
    return;
  }
  if (event.progress()) {
    clocks_.on_progress(loop_.now());
    ++tokens_seen_;
    if (!first_token_) first_token_ = loop_.now();
  }
  if (record_.stream.finished(request_->choices)) clocks_.on_finish(loop_.now());
  if (!delivery.take(event)) end(Ended::too_large);
}

void Attempt::on_end(Delivery& delivery) {
  if (form_ == Form::events) {
    api::StreamEventReader reader;
    if (const auto item = sse_.end()) on_item(*item, reader, delivery);
  }
  if (!over_) end(Ended::complete);
}

// A caller who hangs up after the finish has cancelled nothing (rule 2).
void Attempt::end_without_caller() {
  end(record_.stream.finished(request_->choices) ? Ended::complete : Ended::cancelled);
}

void Attempt::end(Ended how) {
  over_ = true;
  record_.ended = how;
  record_.sent = sent_of(exchange_->sent());
  record_.elapsed = loop_.now() - started_;
  record_.now = loop_.wall_now();
  record_.body = body_;
}

}  // namespace dujiang::engine
