#include "adapters/http/server_connection.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "adapters/http/server_reply.hpp"
#include "http/chunked.hpp"
#include "http/head_parser.hpp"

namespace dujiang::adapters::http {
namespace {

using dujiang::http::BodyKind;
using dujiang::http::Expect;
using dujiang::http::HeadState;
using net::IoStatus;

// How long a connection is kept after an answer that ends it, so that the caller reads the answer before the
// reset which bytes that nobody read would cause: in all, and without a byte.
constexpr base::Duration kLinger = std::chrono::seconds(5);
constexpr base::Duration kLingerSilent = std::chrono::seconds(2);
constexpr std::size_t kLingerBytes = std::size_t{64} << 20;

constexpr std::array<char, kBodyPadding> kNoBody{};

constexpr std::string_view kNoAnswer =
    "The gateway gave no answer to this request; this is a defect, please report it.";

std::string_view code_of(int status) {
  switch (status) {
    case 414:
      return "target_too_long";
    case 431:
      return "head_too_large";
    case 501:
      return "transfer_coding_not_supported";
    case 505:
      return "http_version_not_supported";
    default:
      return "malformed_request";
  }
}

}  // namespace

// One request and its answer. Held by the connection's coroutine and by the handler's.
struct Exchange {
  explicit Exchange(std::shared_ptr<Connection> on)
      : connection(std::move(on)),
        core(*connection->core_),
        parser({.head_bytes = core.settings.max_head_bytes, .target_bytes = core.settings.max_target_bytes}),
        reply(core, *connection->conn_),
        ended(core.loop) {}

  std::shared_ptr<Connection> connection;
  ServerCore& core;
  dujiang::http::RequestHeadParser parser;
  dujiang::http::Headers headers;
  dujiang::http::ChunkedDecoder chunks;
  BodyBuffer body_buffer;
  std::string_view body{kNoBody.data(), 0};
  std::size_t consumed = 0;                 // bytes of the read buffer that belong to this request
  base::TimePoint deadline = base::kNever;  // of the part that is being read
  base::TimePoint received{};
  Reply reply;
  runtime::Signal ended;
  bool handled = false;
};

Connection::Connection(std::shared_ptr<ServerCore> core, std::unique_ptr<net::Conn> conn, Admission admission)
    : core_(std::move(core)),
      conn_(std::move(conn)),
      admission_(std::move(admission)),
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
    if (reply.is_gone() || next_bytes_.size() >= core_->settings.max_head_bytes) {
      co_await exchange->ended.wait(base::kNever);
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
  next_bytes_ = {};
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
                                     .peer = c.admission_.peer,
                                     .received = exchange->received,
                                     .gone = reply.gone()};
  co_await core.handler(request, reply);
  --core.counts.active_requests;
  if (!reply.started() && !reply.is_gone()) co_await send_page(*exchange, 500, "internal_error", kNoAnswer);
  // A handler that leaves its answer open is a defect, but the caller must not wait for ever.
  if (!reply.ended()) reply.abort();
  exchange->handled = true;
  exchange->ended.notify();
  c.conn_->readable().notify();
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

runtime::Task<bool> Connection::read_head(Exchange& exchange) {
  exchange.deadline = base::after(core_->loop.now(), core_->settings.header_timeout);
  while (exchange.parser.parse(buffer_.view()) == HeadState::more) {
    switch (read_some()) {
      case Read::bytes:
        break;
      case Read::nothing_yet:
        if (!co_await wait_for_more(exchange)) co_return false;
        break;
      case Read::ended:
        co_return false;
    }
  }
  exchange.received = core_->loop.now();
  co_return true;
}

runtime::Task<bool> Connection::check_head(Exchange& exchange) {
  const auto& parser = exchange.parser;
  if (parser.state() == HeadState::failed) {
    const int status = parser.error().status;
    const bool is_size = status == 414 || status == 431;
    co_return co_await refuse(exchange,
                              {.reason = is_size ? RefusalReason::head_too_large : RefusalReason::bad_request,
                               .status = status,
                               .code = code_of(status),
                               .message = std::string(parser.error().message)});
  }
  exchange.headers = parser.headers();
  exchange.reply.prepare(parser.minor_version(), parser.method() == "HEAD", parser.keep_alive());
  if (parser.expect() == Expect::unknown) {
    co_return co_await refuse(exchange,
                              {.reason = RefusalReason::expectation,
                               .status = 417,
                               .code = "expectation_not_supported",
                               .message = "The only expectation that can be met is Expect: 100-continue; "
                                          "leave the Expect header out."});
  }
  const auto foreign = dujiang::http::check_browser({.method = parser.method(),
                                                     .host = parser.host(),
                                                     .headers = exchange.headers,
                                                     .has_body = parser.body().kind != BodyKind::none,
                                                     .on_loopback = admission_.on_loopback},
                                                    core_->settings.browser_guard);
  if (foreign) {
    co_return co_await refuse(exchange, {.reason = RefusalReason::browser_guard,
                                         .status = foreign->status,
                                         .code = foreign->code,
                                         .message = foreign->message});
  }
  if (parser.body().length > core_->settings.max_body_bytes) co_return co_await refuse_body(exchange);
  co_return true;
}

runtime::Task<bool> Connection::read_body(Exchange& exchange) {
  const auto framing = exchange.parser.body();
  const std::size_t head = exchange.parser.head_size();
  exchange.consumed = head;
  if (framing.kind == BodyKind::none) co_return true;
  exchange.deadline = base::after(core_->loop.now(), core_->settings.body_timeout);
  const bool waits_for_word = exchange.parser.expect() == Expect::continue_100 && buffer_.size() == head;
  if (waits_for_word && !co_await exchange.reply.send_continue()) co_return false;
  if (framing.kind == BodyKind::chunked) co_return co_await read_chunked_body(exchange);
  const auto length = static_cast<std::size_t>(framing.length);
  if (head + length <= buffer_.capacity()) co_return co_await read_body_into_buffer(exchange, length);
  co_return co_await read_body_of_length(exchange, length);
}

// The body fits behind its head.
runtime::Task<bool> Connection::read_body_into_buffer(Exchange& exchange, std::size_t length) {
  const std::size_t head = exchange.parser.head_size();
  exchange.consumed = head + length;
  while (buffer_.size() < exchange.consumed) {
    const Read read = read_some();
    if (read == Read::ended) co_return false;
    if (read == Read::nothing_yet && !co_await wait_for_more(exchange)) co_return false;
  }
  exchange.body = buffer_.view().substr(head, length);
  co_return true;
}

runtime::Task<bool> Connection::read_body_of_length(Exchange& exchange, std::size_t length) {
  BodyBuffer& body = exchange.body_buffer;
  body.expect(length);
  body.append(buffer_.view().substr(exchange.consumed));
  exchange.consumed = buffer_.size();
  while (body.size() < length) {
    const net::IoResult result = conn_->read(body.space());
    if (result.status == IoStatus::ok) {
      body.commit(result.bytes);
    } else if (result.status != IoStatus::would_block || !co_await wait_for_more(exchange)) {
      co_return false;
    }
  }
  exchange.body = body.view();
  co_return true;
}

runtime::Task<bool> Connection::read_chunked_body(Exchange& exchange) {
  std::string_view bytes = buffer_.view().substr(exchange.consumed);
  Decoded decoded = decode(exchange, bytes);
  exchange.consumed = buffer_.size() - bytes.size();
  while (decoded == Decoded::more) {
    const net::IoResult result = conn_->read(core_->scratch);
    if (result.status == IoStatus::ok) {
      bytes = {core_->scratch.data(), result.bytes};
      decoded = decode(exchange, bytes);
      if (decoded == Decoded::done) next_bytes_.append(bytes);
    } else if (result.status != IoStatus::would_block || !co_await wait_for_more(exchange)) {
      co_return false;
    }
  }
  if (decoded == Decoded::too_large) co_return co_await refuse_body(exchange);
  if (decoded == Decoded::malformed) {
    co_return co_await refuse(exchange, {.reason = RefusalReason::bad_request,
                                         .status = 400,
                                         .code = "malformed_body",
                                         .message = std::string(exchange.chunks.error())});
  }
  if (exchange.body_buffer.size() > 0) exchange.body = exchange.body_buffer.view();
  co_return true;
}

// Adds what `bytes` hold of the body and removes it from them.
Connection::Decoded Connection::decode(Exchange& exchange, std::string_view& bytes) {
  while (true) {
    const auto step = exchange.chunks.next(bytes);
    bytes.remove_prefix(step.consumed);
    switch (step.kind) {
      case dujiang::http::ChunkedDecoder::Kind::more:
        return Decoded::more;
      case dujiang::http::ChunkedDecoder::Kind::end:
        return Decoded::done;
      case dujiang::http::ChunkedDecoder::Kind::error:
        return Decoded::malformed;
      case dujiang::http::ChunkedDecoder::Kind::body:
        if (exchange.body_buffer.size() + step.body.size() > core_->settings.max_body_bytes) {
          return Decoded::too_large;
        }
        exchange.body_buffer.append(step.body);
    }
  }
}

// Waits until a read is worth a try; false after a refusal when the request takes too long.
runtime::Task<bool> Connection::wait_for_more(Exchange& exchange) {
  const runtime::Wake wake = co_await conn_->readable().wait(exchange.deadline);
  if (ending_) co_return false;
  if (wake == runtime::Wake::signalled && core_->loop.now() < exchange.deadline) co_return true;
  const std::string part = exchange.parser.state() == HeadState::done ? "body" : "head";
  co_return co_await refuse(exchange, {.reason = RefusalReason::timeout,
                                       .status = 408,
                                       .code = "request_timeout",
                                       .message = "The " + part +
                                                  " of the request did not arrive in time; send it "
                                                  "without pauses."});
}

runtime::Task<bool> Connection::refuse_body(Exchange& exchange) {
  co_return co_await refuse(
      exchange,
      {.reason = RefusalReason::body_too_large,
       .status = 413,
       .code = "body_too_large",
       .message = "The body is larger than the limit of " + std::to_string(core_->settings.max_body_bytes) +
                  " bytes; send less, or raise the server's limit for bodies."});
}

// Answers with an error page and ends the connection, since what follows on it cannot be told apart from the
// rest of this request. Always false.
runtime::Task<bool> Connection::refuse(Exchange& exchange, Refusal refusal) {
  core_->count(refusal.reason);
  if (co_await send_page(exchange, refusal.status, refusal.code, refusal.message)) co_await linger();
  co_return false;
}

runtime::Task<bool> Connection::send_page(Exchange& exchange, int status, std::string_view code,
                                          std::string_view message) {
  const ErrorBody page = exchange.core.error_page(status, code, message);
  dujiang::http::Headers headers{{"content-type", page.content_type}, {"connection", "close"}};
  if (status == 503) headers.add("retry-after", "1");
  exchange.reply.start(status, headers, page.body.size());
  co_return co_await exchange.reply.write(page.body) && co_await exchange.reply.finish();
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
