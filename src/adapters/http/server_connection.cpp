#include "adapters/http/server_connection.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "adapters/http/server_exchange.hpp"
#include "base/release.hpp"
#include "http/request_id.hpp"

namespace dujiang::adapters::http {
namespace {

using net::IoStatus;

// How long a connection is kept after an answer that ends it, so that the caller reads the answer before the
// reset which bytes that nobody read would cause: in all, and without a byte.
constexpr base::Duration kLinger = std::chrono::seconds(5);
constexpr base::Duration kLingerSilent = std::chrono::seconds(2);
constexpr std::size_t kLingerBytes = std::size_t{64} << 20;

// How often a caller who has sent so much ahead that no more is read is looked after.
constexpr base::Duration kLookAfterCaller = std::chrono::seconds(1);

constexpr std::string_view kNoAnswer =
    "The gateway gave no answer to this request; this is a defect, please report it.";

}  // namespace

Connection::Connection(std::shared_ptr<ServerCore> core, std::unique_ptr<net::TcpConn> conn,
                       Admission admission, Door door)
    : core_(std::move(core)),
      conn_(std::move(conn)),
      admission_(std::move(admission)),
      door_(std::move(door)),
      buffer_(core_->blocks) {
  core_->connections.insert(this);
  if (admission_.turned_away) ++core_->turned_away;
}

Connection::~Connection() {
  core_->connections.erase(this);
  if (admission_.turned_away) --core_->turned_away;
  if (core_->connections.empty()) core_->emptied.notify();
}

runtime::Task<void> Connection::serve(std::shared_ptr<Connection> self) {
  Connection& c = *self;
  if (c.door_.is_guarded() && !co_await enter(self)) co_return;
  while (!c.ending_) {
    if (c.buffer_.empty()) {
      if (c.core_->draining) break;
      c.buffer_.release();
      c.idle_ = true;
      const auto until = base::after(c.core_->loop.now(), c.core_->settings.idle_timeout);
      const runtime::Wake wake = co_await c.conn_->readable().wait(until);
      c.idle_ = false;
      if (wake == runtime::Wake::timeout || c.ending_) break;
      const Read read = c.read_some();
      if (read == Read::ended) break;
      if (read == Read::nothing_yet) continue;
    }
    if (co_await c.serve_request(std::make_shared<Exchange>(self)) == Next::close) break;
  }
}

runtime::Task<void> Connection::turn_away(std::shared_ptr<Connection> self) {
  const auto exchange = std::make_shared<Exchange>(self);
  self->exchange_ = exchange.get();
  co_await self->refuse(*exchange,
                        {.reason = RefusalReason::too_many_connections,
                         .status = 503,
                         .code = "too_many_connections",
                         .message = "There are too many connections; try again in a moment, and keep "
                                    "connections open for more than one request."});
  self->exchange_ = nullptr;
}

void Connection::close_if_idle() {
  if (idle_) conn_->readable().notify();
}

void Connection::drop() {
  ending_ = true;
  conn_->reset();
  if (exchange_ != nullptr) exchange_->reply.caller_left();
  conn_->readable().notify();
}

Connection::Read Connection::read_some() {
  const net::IoResult result = conn_->read(buffer_.space());
  buffer_.commit(result.bytes);
  if (result.status == IoStatus::ok) return Read::bytes;
  return result.status == IoStatus::would_block ? Read::nothing_yet : Read::ended;
}

runtime::Task<Connection::Next> Connection::serve_request(std::shared_ptr<Exchange> exchange) {
  exchange_ = exchange.get();
  Reply& reply = exchange->reply;
  if (!co_await read_head(*exchange) || !co_await check_head(*exchange) || !co_await read_body(*exchange)) {
    exchange_ = nullptr;
    co_return Next::close;
  }
  core_->loop.spawn(run_handler(exchange));
  while (!exchange->handled) {
    if (reply.is_gone()) {
      co_await exchange->ended.wait(base::kNever);
    } else if (next_bytes_.size() >= core_->settings.max_head_bytes) {
      // No more is read for now, so a wait for bytes would end at once, again and again.
      co_await exchange->ended.wait(base::after(core_->loop.now(), kLookAfterCaller));
      if (!exchange->handled && conn_->peer_has_left()) reply.caller_left();
    } else {
      co_await conn_->readable().wait(base::kNever);
      if (!exchange->handled) watch_caller(*exchange);
    }
  }
  exchange_ = nullptr;
  buffer_.consume(exchange->consumed);
  if (ending_ || !reply.keeps_connection()) {
    if (reply.finished() && !reply.is_gone() && has_unread_bytes()) co_await linger();
    co_return Next::close;
  }
  buffer_.append(next_bytes_);
  base::release(next_bytes_);
  co_return Next::request;
}

runtime::Task<void> Connection::run_handler(std::shared_ptr<Exchange> exchange) {
  const Connection& c = *exchange->connection;
  ServerCore& core = exchange->core;
  Reply& reply = exchange->reply;
  const auto& parser = exchange->parser;
  ++core.counts.requests;
  ++core.counts.active_requests;
  const ports::CallerRequest request{.method = parser.method(),
                                     .path = parser.path(),
                                     .query = parser.query(),
                                     .headers = exchange->headers,
                                     .body = exchange->body,
                                     .peer = exchange->peer(),
                                     .received = exchange->received,
                                     .gone = reply.gone(),
                                     .key = exchange->key};
  if (exchange->is_preflight) {
    co_await answer_preflight(*exchange);
  } else {
    co_await core.handler(request, reply);
  }
  --core.counts.active_requests;
  if (!reply.started() && !reply.is_gone()) co_await send_page(*exchange, 500, "internal_error", kNoAnswer);
  // A handler that leaves its answer open is a defect, but the caller must not wait for ever.
  if (!reply.ended()) reply.abort();
  exchange->handled = true;
  exchange->ended.notify();
  c.conn_->readable().notify();
}

// The call itself may be refused later, but whether a page may make it is no matter of keys: browsers send
// none along.
runtime::Task<void> Connection::answer_preflight(Exchange& exchange) {
  exchange.reply.start(204, dujiang::http::preflight_fields(exchange.headers, exchange.core.settings.cors),
                       std::nullopt);
  co_await exchange.reply.finish();
}

// What arrives while a request is under way: bytes of the next one, or the end of the connection.
void Connection::watch_caller(Exchange& exchange) {
  const net::IoResult result = conn_->read(core_->scratch);
  if (result.status == IoStatus::ok) {
    next_bytes_.append(core_->scratch.data(), result.bytes);
  } else if (result.status != IoStatus::would_block) {
    exchange.reply.caller_left();
  }
}

// Answers with an error page and ends the connection, since what follows on it cannot be told apart from the
// rest of this request. Always false.
runtime::Task<bool> Connection::refuse(Exchange& exchange, Refusal refusal) {
  core_->count(refusal.reason);
  const bool heard =
      co_await send_page(exchange, refusal.status, refusal.code, refusal.message, std::move(refusal.more));
  if (heard) co_await linger();
  co_return false;
}

runtime::Task<bool> Connection::send_page(Exchange& exchange, int status, std::string_view code,
                                          std::string_view message, dujiang::http::Headers more) {
  const ErrorBody page = exchange.core.error_page(status, code, message);
  const auto given = exchange.headers.get(dujiang::http::kRequestIdField);
  std::string request_id = dujiang::http::request_id(given, exchange.core.loop.random());
  dujiang::http::Headers headers = std::move(more);
  headers.add("content-type", page.content_type);
  headers.add("connection", "close");
  headers.add(std::string(dujiang::http::kRequestIdField), request_id);
  if (status == 503) headers.add("retry-after", "1");
  exchange.reply.start(status, headers, page.body.size());
  const bool heard = co_await exchange.reply.write(page.body) && co_await exchange.reply.finish();
  note_refused(exchange, status, code, std::move(request_id));
  co_return heard;
}

void Connection::note_refused(const Exchange& exchange, int status, std::string_view code,
                              std::string request_id) {
  const auto& refused = exchange.core.hooks.refused;
  if (!refused || exchange.connection->admission_.turned_away) return;
  const bool understood = exchange.parser.state() == dujiang::http::HeadState::done;
  refused({.method = understood ? exchange.parser.method() : std::string_view{},
           .path = understood ? exchange.parser.path() : std::string_view{},
           .peer = exchange.peer(),
           .key_name = exchange.key ? std::string_view(exchange.key->spec.name) : std::string_view{},
           .request_id = std::move(request_id),
           .status = status,
           .code = code,
           .began = exchange.began,
           .response_bytes = exchange.reply.bytes_written()});
}

bool Connection::has_unread_bytes() {
  return !buffer_.empty() || !next_bytes_.empty() || conn_->read(core_->scratch).status == IoStatus::ok;
}

runtime::Task<void> Connection::linger() {
  conn_->shutdown_write();
  const base::TimePoint end = base::after(core_->loop.now(), kLinger);
  for (std::size_t bytes = 0; bytes < kLingerBytes && !ending_;) {
    const net::IoResult result = conn_->read(core_->scratch);
    bytes += result.bytes;
    if (result.status == IoStatus::ok) continue;
    if (result.status != IoStatus::would_block) co_return;
    const base::TimePoint now = core_->loop.now();
    if (now >= end) co_return;
    const base::TimePoint until = std::min(end, base::after(now, kLingerSilent));
    if (co_await conn_->readable().wait(until) == runtime::Wake::timeout) co_return;
  }
}

}  // namespace dujiang::adapters::http
