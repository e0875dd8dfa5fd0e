#include "engine/passthrough.hpp"

#include <stop_token>
#include <utility>

#include "engine/forwarding.hpp"
#include "engine/ledger.hpp"
#include "engine/outcome.hpp"
#include "engine/turn.hpp"
#include "http/method.hpp"
#include "ports/http_client.hpp"
#include "ports/metric_catalog.hpp"
#include "provider/caller_error.hpp"

namespace dujiang::engine {
namespace {

using ports::HttpEvent;

// Uploads and long polls are slow by nature: the whole has a bound, its parts have none.
constexpr base::Duration kTotal = std::chrono::minutes(9);

ports::ClientRequest client_request(const ports::CallerRequest& request, const Permit& permit) {
  const route::UpstreamSpec& upstream = *permit.setup().spec;
  ports::ClientRequest out;
  out.upstream = upstream.name;
  out.as_configured = &upstream;
  out.method = request.method;
  out.target = std::string(request.path);
  if (!request.query.empty()) out.target += "?" + std::string(request.query);
  out.headers = upstream_headers(request.headers, Vendor::addressed, {});
  if (const auto type = request.headers.get("content-type"))
    out.headers.add("Content-Type", std::string(*type));
  add_credentials(out.headers, upstream, permit.key(), request.headers);
  out.body = request.body;
  out.repeat_on_stale = http::is_idempotent(request.method);
  return out;
}

api::ApiError unreachable(const std::string& upstream, std::string_view detail) {
  api::ApiError error;
  error.status = 502;
  error.code = "bad_gateway";
  error.message = "Upstream `" + upstream + "` did not answer: " + std::string(detail) +
                  ". A path that the gateway does not know is relayed once, without retries.";
  return error;
}

// What an answer as it is says of the upstream's account.
provider::Code account_fault(int status) {
  if (status == 401) return provider::Code::auth;
  if (status == 402) return provider::Code::balance;
  return status == 403 ? provider::Code::forbidden : provider::Code::ok;
}

class Passage {
 public:
  Passage(Services& services, const Errand& errand, std::shared_ptr<Upstream> upstream)
      : services_(services),
        errand_(errand),
        upstream_(std::move(upstream)),
        request_(errand.request),
        reply_(errand.reply),
        until_(base::after(errand.request.received, kTotal)) {}

  // What came of it: "ok", or the code of the failure.
  runtime::Task<std::string> run() {
    auto permit = co_await admit();
    if (!permit) co_return std::move(result_);
    const auto exchange = services_.client.open(client_request(request_, *permit));
    const std::stop_callback on_gone(request_.gone, [&exchange] { exchange->interrupt(); });
    for (;;) {
      const HttpEvent event = co_await exchange->next(until_);
      if (request_.gone.stop_requested()) break;
      if (event.kind == HttpEvent::Kind::head) {
        if (tells_of_account(note_account(exchange->status())) && request_.key) {
          co_await fail(provider::caller_error(provider::Code::upstream_account));
          co_return std::move(result_);
        }
        begin(*exchange);
      } else if (event.kind == HttpEvent::Kind::body) {
        if (!co_await reply_.write(event.bytes)) break;
      } else if (event.kind == HttpEvent::Kind::end) {
        if (co_await reply_.finish()) result_ = "ok";
        co_return std::move(result_);
      } else {
        const bool late = event.kind == HttpEvent::Kind::timeout;
        co_await fail(unreachable(upstream_->name(), late ? "no answer within 9 minutes" : event.detail));
        co_return std::move(result_);
      }
    }
    reply_.abort();
    co_return std::move(result_);
  }

  int status() const { return status_; }

 private:
  provider::Code note_account(int status) {
    const provider::Code fault = account_fault(status);
    if (tells_of_account(fault)) {
      services_.metrics.add(ports::Metric::account_faults, {upstream_->name(), provider::to_string(fault)});
    }
    return fault;
  }

  runtime::Task<std::optional<Permit>> admit() {
    auto turn = book_turn(request_.key.get(), services_.loop.now(), until_);
    standing_ = turn ? std::move(turn->standing) : std::move(turn.error().standing);
    if (!turn) {
      co_await fail(std::move(turn.error().error));
      co_return std::nullopt;
    }
    Admission admission(services_.loop, upstream_,
                        {.pool = {},
                         .class_rank = 1,
                         .arrived = request_.received,
                         .deadline = until_,
                         .not_before = turn->not_before});
    const std::stop_callback on_gone(request_.gone, [&admission] { admission.changed().notify(); });
    while (admission.state() == Admission::State::waiting && !request_.gone.stop_requested()) {
      co_await admission.changed().wait(until_);
    }
    if (admission.state() == Admission::State::admitted) co_return admission.take();
    if (request_.gone.stop_requested()) {
      reply_.abort();
    } else {
      co_await fail(not_admitted(admission, upstream_->name()).error);
    }
    co_return std::nullopt;
  }

  void begin(const ports::HttpExchange& exchange) {
    http::Headers headers{{"x-request-id", errand_.request_id},
                          {"x-dujiang-served-by", upstream_->name()},
                          {"x-dujiang-attempts", "1"}};
    if (auto id = upstream_request_id(exchange.headers()); !id.empty())
      headers.add("x-dujiang-upstream-request-id", std::move(id));
    if (const auto type = exchange.headers().get("content-type"))
      headers.add("Content-Type", std::string(*type));
    for (const auto& [name, value] : standing_) headers.add(name, value);
    for (const auto& [name, value] : caller_headers(exchange.headers())) {
      if (!standing_.get(name)) headers.add(name, value);
    }
    status_ = exchange.status();
    reply_.start(status_, headers, std::nullopt);
  }

  runtime::Task<void> fail(api::ApiError error) {
    result_ = error.code;
    if (reply_.started()) {
      reply_.abort();
      co_return;
    }
    const std::string body = errand_.format.error_body(error);
    http::Headers headers{{"Content-Type", "application/json"}, {"x-request-id", errand_.request_id}};
    for (const auto& [name, value] : standing_) headers.add(name, value);
    errand_.format.add_error_headers(error, headers);
    status_ = error.status;
    reply_.start(status_, headers, body.size());
    if (co_await reply_.write(body)) co_await reply_.finish();
  }

  Services& services_;
  const Errand& errand_;
  std::shared_ptr<Upstream> upstream_;
  const ports::CallerRequest& request_;
  ports::CallerReply& reply_;
  base::TimePoint until_;
  http::Headers standing_;
  int status_ = 0;
  std::string result_ = "caller_gone";
};

}  // namespace

runtime::Task<void> pass_through(Services& services, const Errand& errand,
                                 std::shared_ptr<Upstream> upstream) {
  Ledger ledger(services, "relay", errand.request, errand.request_id);
  Passage passage(services, errand, std::move(upstream));
  ledger.result(co_await passage.run());
  ledger.sent(passage.status(), errand.reply.bytes_written());
}

}  // namespace dujiang::engine
