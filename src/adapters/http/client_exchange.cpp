#include "adapters/http/client_exchange.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "adapters/http/client_request_head.hpp"
#include "adapters/http/client_stale.hpp"
#include "base/release.hpp"

namespace dujiang::adapters::http {
namespace {

using net::IoResult;
using net::IoStatus;
using ports::HttpEvent;
using ports::IoFailure;
using ports::Sent;
using EventKind = HttpEvent::Kind;
using StepKind = ResponseReader::Step::Kind;

// Pieces that are read before the loop has a turn for everyone else: an upstream that sends faster than its
// bytes are used would keep it for itself. At most 16 KiB each.
constexpr unsigned kStepsPerTurn = 32;

HttpEvent failure(IoFailure kind, std::string detail) {
  return {.kind = EventKind::failure, .failure = kind, .detail = std::move(detail)};
}

// "Keep-Alive: timeout=5, max=100": how long the peer keeps an idle connection.
std::optional<base::Duration> keep_alive_hint(const dujiang::http::Headers& headers) {
  constexpr std::string_view kName = "timeout=";
  const std::string_view value = headers.get("keep-alive").value_or("");
  const std::size_t at = value.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view digits = value.substr(at + kName.size());
  unsigned seconds = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), seconds).ec != std::errc())
    return std::nullopt;
  return std::chrono::seconds(seconds);
}

// Whether bytes are there before a request is: they would be taken for its answer. (Of a kept connection the
// pool has asked that.)
bool speaks_unasked(net::Conn& conn) {
  std::array<char, 1> unexpected{};
  return conn.read(unexpected).status == IoStatus::ok;
}

}  // namespace

struct ClientExchange::Wire {
  Wire(UpstreamConn used, std::string head_bytes, std::string_view body_bytes, bool was_kept)
      : conn(std::move(used)),
        head(std::move(head_bytes)),
        body(body_bytes),
        size(head.size() + body.size()),
        reused(was_kept) {}

  enum class Sending : std::uint8_t { yes, done, failed };

  // Writes what the kernel takes now. False: it would take more later.
  bool write_some() {
    while (written < size) {
      const std::size_t of_head = std::min(written, head.size());
      const IoResult result =
          conn->write(std::string_view(head).substr(of_head), body.substr(written - of_head));
      if (result.status == IoStatus::would_block) return false;
      if (result.status != IoStatus::ok) {
        sending = Sending::failed;
        return true;
      }
      written += result.bytes;
    }
    sending = Sending::done;
    return true;
  }

  // What has been written won't be written again.
  void forget_request() {
    base::release(head);
    body = {};
  }

  UpstreamConn conn;
  std::string head;
  std::string_view body;
  std::size_t size;  // of both
  bool reused;
  base::TimePoint started;
  std::size_t written = 0;
  Sending sending = Sending::yes;
  bool has_writer = false;  // write_rest() waits
  bool cancelled = false;   // the request is gone: touch `body` no more
};

ClientExchange::ClientExchange(std::shared_ptr<ClientUpstream> upstream, ports::ClientRequest request)
    : upstream_(std::move(upstream)), request_(std::move(request)) {}

ClientExchange::~ClientExchange() {
  if (acquiring_) {
    ClientUpstream::Acquiring& job = *acquiring_;
    job.abandoned = true;
    // A connection that came and was never looked at is as good as new.
    if (job.outcome && job.outcome->has_value()) upstream_->give_back(std::move(**job.outcome), std::nullopt);
  }
  drop_wire();
}

runtime::Task<HttpEvent> ClientExchange::next(base::TimePoint until) {
  if (phase_ == Phase::talking) {
    if (auto event = step()) return runtime::done(std::move(*event));
  }
  return wait_for_next(until);
}

runtime::Task<HttpEvent> ClientExchange::wait_for_next(base::TimePoint until) {
  while (true) {
    if (auto event = step()) co_return std::move(*event);
    if (turn_is_used_up()) {
      steps_ = 0;
      co_await runtime::sleep_until(upstream_->loop(), upstream_->loop().now());
    } else if (co_await progress().wait(until) == runtime::Wake::timeout) {
      interrupted_ = false;
      co_return HttpEvent{};
    }
  }
}

std::optional<HttpEvent> ClientExchange::step() {
  if (std::exchange(interrupted_, false)) return HttpEvent{};
  return advance();
}

void ClientExchange::interrupt() {
  interrupted_ = true;
  if (phase_ == Phase::acquiring || phase_ == Phase::talking) progress().notify();
}

// What a suspended next() waits for.
runtime::Signal& ClientExchange::progress() {
  return phase_ == Phase::acquiring ? acquiring_->ready : wire_->conn->readable();
}

const dujiang::http::Headers& ClientExchange::headers() const {
  static const dujiang::http::Headers none;
  return reader_ ? reader_->headers() : none;
}

Sent ClientExchange::sent() const {
  if (!wire_ || wire_->written == 0) return sent_before_;
  return std::max(sent_before_, wire_->written == wire_->size ? Sent::everything : Sent::some);
}

bool ClientExchange::is_done_with_body() const {
  if (phase_ == Phase::ended) return true;
  return phase_ == Phase::talking && reader_->has_begun() && wire_->sending == Wire::Sending::done;
}

// Goes on as far as it can without waiting.
std::optional<HttpEvent> ClientExchange::advance() {
  if (phase_ == Phase::fresh) acquire(request_.repeat_on_stale ? Freshness::any : Freshness::recent);
  if (phase_ == Phase::acquiring) return adopt();
  if (phase_ == Phase::ended) return last_;
  auto event = receive();
  if (!event && phase_ == Phase::acquiring) return adopt();
  return event;
}

bool ClientExchange::turn_is_used_up() const { return steps_ >= kStepsPerTurn; }

void ClientExchange::acquire(Freshness freshness) {
  phase_ = Phase::acquiring;
  acquiring_ = upstream_->acquire(freshness);
}

// Takes the connection when it is there, and sends the request. To look for an answer at once would be too
// soon.
std::optional<HttpEvent> ClientExchange::adopt() {
  const auto holder = acquiring_;
  ClientUpstream::Acquiring& job = *holder;
  if (!job.outcome) {
    endpoint_ = upstream_->endpoint_name(job.endpoint);
    return std::nullopt;
  }
  acquiring_.reset();
  if (!job.outcome->has_value()) {
    ConnectError& error = job.outcome->error();
    return end_with(failure(error.failure, std::move(error.detail)));
  }
  UpstreamConn& conn = **job.outcome;
  endpoint_ = upstream_->endpoint_name(conn.endpoint());
  const BaseUrl& url = upstream_->url(conn.endpoint());
  auto head = write_request_head({.method = request_.method,
                                  .target = join_target(url.path, request_.target),
                                  .authority = url.authority,
                                  .headers = request_.headers,
                                  .body_size = request_.body.size(),
                                  .through_proxy = upstream_->asks_proxy(conn.endpoint())});
  if (!head) {
    upstream_->give_back(std::move(conn), std::nullopt);
    return end_with(failure(IoFailure::protocol, std::move(head.error().message)));
  }
  if (!job.reused && speaks_unasked(*conn)) {
    return end_with(failure(IoFailure::protocol, "The upstream answered before it was asked."));
  }
  wire_ = std::make_shared<Wire>(std::move(conn), std::move(*head), request_.body, job.reused);
  reader_ = std::make_unique<ResponseReader>(request_.method == "HEAD");
  phase_ = Phase::talking;
  send();
  return std::nullopt;
}

void ClientExchange::send() {
  wire_->started = upstream_->loop().now();
  if (wire_->write_some()) return;
  wire_->has_writer = true;
  upstream_->loop().spawn(write_rest(wire_));
}

// Writes on while the exchange reads: an upstream may answer before it has read everything. Where writing
// fails, reading tells why.
runtime::Task<void> ClientExchange::write_rest(WirePtr wire) {
  while (!wire->cancelled && !wire->write_some()) co_await wire->conn->writable().wait(base::kNever);
  wire->has_writer = false;
  if (!wire->cancelled) wire->conn->readable().notify();
}

std::optional<HttpEvent> ClientExchange::receive() {
  while (!turn_is_used_up()) {
    ++steps_;
    ResponseReader::Step step = reader_->next();
    if (step.kind != StepKind::more) return deliver(std::move(step));
    const IoResult got = wire_->conn->read(reader_->space());
    switch (got.status) {
      case IoStatus::ok:
        reader_->commit(got.bytes);
        break;
      case IoStatus::would_block:
        reader_->rest();
        return std::nullopt;
      case IoStatus::eof:
        return deliver(reader_->end_of_stream(ResponseReader::Ending::proper));
      case IoStatus::reset:
        return deliver(reader_->end_of_stream(ResponseReader::Ending::broken));
    }
  }
  return std::nullopt;
}

std::optional<HttpEvent> ClientExchange::deliver(ResponseReader::Step step) {
  switch (step.kind) {
    case StepKind::head:
      if (wire_->sending == Wire::Sending::done) {
        wire_->forget_request();
        base::release(request_.headers);
      }
      return HttpEvent{.kind = EventKind::head};
    case StepKind::body:
      return HttpEvent{.kind = EventKind::body, .bytes = step.bytes};
    case StepKind::end:
      release();
      return end_with({.kind = EventKind::end});
    case StepKind::failed:
      if (repeat_if_stale(step.failure)) return std::nullopt;
      drop_wire();
      return end_with(failure(step.failure, std::move(step.detail)));
    case StepKind::more:
      break;
  }
  return std::nullopt;
}

// Starts again on a fresh connection where a kept one turns out to have been closed by the peer.
bool ClientExchange::repeat_if_stale(IoFailure kind) {
  const bool stale = is_stale({.failure = kind,
                               .was_kept = wire_->reused,
                               .answered = reader_->has_begun(),
                               .written = wire_->written,
                               .since_sent = upstream_->loop().now() - wire_->started,
                               .may_repeat_sent = request_.repeat_on_stale});
  if (!stale || repeated_) return false;
  repeated_ = true;
  upstream_->count_stale_repeat();
  drop_wire();
  acquire(Freshness::fresh);
  return true;
}

// The answer is complete: the connection goes back to the pool where it can serve again.
void ClientExchange::release() {
  if (wire_->sending != Wire::Sending::done) return drop_wire();
  sent_before_ = sent();
  if (reader_->keeps_connection()) {
    upstream_->give_back(std::move(wire_->conn), keep_alive_hint(reader_->headers()));
  }
  wire_.reset();
}

void ClientExchange::drop_wire() {
  if (!wire_) return;
  sent_before_ = sent();
  const WirePtr wire = std::exchange(wire_, nullptr);
  wire->cancelled = true;
  wire->conn->reset();
  if (wire->has_writer) wire->conn->writable().notify();
}

HttpEvent ClientExchange::end_with(HttpEvent event) {
  phase_ = Phase::ended;
  last_ = event;
  return event;
}

}  // namespace dujiang::adapters::http
