// How a Connection reads one request: head, checks, body.
#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "adapters/http/server_exchange.hpp"
#include "adapters/http/server_forwarded.hpp"

namespace dujiang::adapters::http {
namespace {

// Pieces of a body that are read before the loop has a turn for everyone else.
constexpr std::uint32_t kReadsPerTurn = 32;

using dujiang::http::BodyKind;
using dujiang::http::Expect;
using dujiang::http::HeadState;
using net::IoStatus;

std::string_view code_of(int status) {
  switch (status) {
    case 414:
      return "target_too_long";
    case 431:
      return "head_too_large";
    case 505:
      return "http_version_not_supported";
    default:
      return "malformed_request";
  }
}

// What to do about a head that is too large; empty for what else may be wrong with it.
std::string advice_on_size(int status, const ServerSettings& settings) {
  if (status == 414) {
    return " At most " + std::to_string(settings.max_target_bytes) +
           " bytes are taken; send less, or raise listen.max_target.";
  }
  if (status != 431) return {};
  return " At most " + std::to_string(settings.max_head_bytes) + " bytes and " +
         std::to_string(dujiang::http::HeadLimits{}.fields) +
         " fields are taken; send less, or raise listen.max_head.";
}

}  // namespace

runtime::Task<bool> Connection::read_head(Exchange& exchange) {
  exchange.began = core_->loop.now();
  exchange.deadline = base::after(exchange.began, core_->settings.header_timeout);
  if (exchange.parser.parse(buffer_.view()) == HeadState::more) return read_rest_of_head(exchange);
  exchange.received = exchange.began;
  return runtime::done(true);
}

runtime::Task<bool> Connection::read_rest_of_head(Exchange& exchange) {
  do {
    switch (read_some()) {
      case Read::bytes:
        break;
      case Read::nothing_yet:
        if (!co_await wait_for_more(exchange)) co_return false;
        break;
      case Read::ended:
        co_return false;
    }
  } while (exchange.parser.parse(buffer_.view()) == HeadState::more);
  exchange.received = core_->loop.now();
  co_return true;
}

runtime::Task<bool> Connection::check_head(Exchange& exchange) {
  auto refusal = judge_head(exchange);
  return refusal ? refuse(exchange, std::move(*refusal)) : runtime::done(true);
}

// Why a request ends with its head, if it does.
std::optional<Connection::Refusal> Connection::judge_head(Exchange& exchange) {
  auto& parser = exchange.parser;
  if (parser.state() == HeadState::failed) {
    const int status = parser.error().status;
    const bool is_size = status == 414 || status == 431;
    return Refusal{.reason = is_size ? RefusalReason::head_too_large : RefusalReason::bad_request,
                   .status = status,
                   .code = code_of(status),
                   .message = std::string(parser.error().message) + advice_on_size(status, core_->settings)};
  }
  parser.settle_in(exchange.headers);
  if (admission_.is_trusted) {
    exchange.forwarded = forwarded_peer(admission_.peer, exchange.headers, core_->settings.trusted_proxies);
  }
  exchange.reply.prepare(parser.minor_version(), parser.method() == "HEAD", parser.keep_alive());
  const bool origin_may_call = greet_page(exchange);
  if (parser.expect() == Expect::unknown) {
    return Refusal{.reason = RefusalReason::expectation,
                   .status = 417,
                   .code = "expectation_not_supported",
                   .message =
                       "The only expectation that can be met is Expect: 100-continue; "
                       "leave the Expect header out."};
  }
  auto foreign = dujiang::http::check_browser({.method = parser.method(),
                                               .host = parser.host(),
                                               .headers = exchange.headers,
                                               .has_body = parser.body().kind != BodyKind::none,
                                               .on_loopback = admission_.on_loopback,
                                               .origin_may_call = origin_may_call},
                                              core_->settings.browser_guard);
  if (foreign) {
    return Refusal{.reason = RefusalReason::browser_guard,
                   .status = foreign->status,
                   .code = foreign->code,
                   .message = std::move(foreign->message)};
  }
  if (auto refusal = clear_head(exchange)) return refusal;
  const std::uint64_t length = parser.body().length;
  if (length > exchange.max_body) return body_too_large(exchange);
  // Nothing is taken yet: who only announces a body keeps nobody from sending his.
  if (length > kBlockBytes && !core_->body_memory->has_room_for(length)) return memory_full();
  return std::nullopt;
}

std::optional<Connection::Refusal> Connection::clear_head(Exchange& exchange) {
  // A browser sends no key along when it asks whether a page may call; nothing is served to it.
  if (!core_->hooks.clear || exchange.is_preflight) return std::nullopt;
  ports::Clearance clearance = core_->hooks.clear({.method = exchange.parser.method(),
                                                   .path = exchange.parser.path(),
                                                   .headers = exchange.headers,
                                                   .peer = exchange.peer()});
  exchange.key = std::move(clearance.key);
  exchange.max_body = std::min(exchange.max_body, clearance.max_body.value_or(exchange.max_body));
  if (!clearance.refusal) return std::nullopt;
  return Refusal{.reason = RefusalReason::not_cleared,
                 .status = clearance.refusal->status,
                 .code = clearance.refusal->code,
                 .message = std::move(clearance.refusal->message),
                 .more = std::move(clearance.refusal->more)};
}

// Whatever the answer will be, a page that may call can read it. Whether this one may.
bool Connection::greet_page(Exchange& exchange) {
  const dujiang::http::CorsSettings& cors = core_->settings.cors;
  if (!cors.is_on()) return false;
  const auto origin = dujiang::http::allowed_origin(exchange.headers, cors);
  exchange.reply.add_lines(dujiang::http::cors_lines(origin, cors));
  exchange.is_preflight = origin && dujiang::http::is_preflight(exchange.parser.method(), exchange.headers);
  return origin.has_value();
}

runtime::Task<bool> Connection::read_body(Exchange& exchange) {
  const auto framing = exchange.parser.body();
  const std::size_t head = exchange.parser.head_size();
  exchange.consumed = head;
  if (framing.kind == BodyKind::none) {
    settle(exchange);
    return runtime::done(true);
  }
  exchange.deadline = base::after(core_->loop.now(), core_->settings.body_timeout);
  const bool waits_for_word = exchange.parser.expect() == Expect::continue_100 && buffer_.size() == head;
  if (waits_for_word) return read_body_after_word(exchange);
  return read_framed_body(exchange);
}

runtime::Task<bool> Connection::read_body_after_word(Exchange& exchange) {
  co_return co_await exchange.reply.send_continue() && co_await read_framed_body(exchange);
}

runtime::Task<bool> Connection::read_framed_body(Exchange& exchange) {
  if (exchange.parser.body().kind == BodyKind::chunked) return read_chunked_body(exchange);
  const std::size_t head = exchange.parser.head_size();
  const auto length = static_cast<std::size_t>(exchange.parser.body().length);
  if (head + length > std::max(buffer_.capacity(), kBlockBytes)) return read_body_of_length(exchange, length);
  if (buffer_.size() < head + length) return read_body_into_buffer(exchange, length);
  take_body_from_buffer(exchange, length);
  return runtime::done(true);
}

// A request takes its time, and a block is for whoever reads: the head stands in the exchange's headers by
// now, and what else is there gets memory of its size.
void Connection::settle(Exchange& exchange) { buffer_.settle(std::exchange(exchange.consumed, 0)); }

void Connection::take_body_from_buffer(Exchange& exchange, std::size_t length) {
  settle(exchange);
  exchange.consumed = length;
  exchange.body = buffer_.view().substr(0, length);
}

// The body fits behind its head.
runtime::Task<bool> Connection::read_body_into_buffer(Exchange& exchange, std::size_t length) {
  while (buffer_.size() < exchange.parser.head_size() + length) {
    const Read read = read_some();
    if (read == Read::ended) co_return false;
    if (read == Read::nothing_yet && !co_await wait_for_more(exchange)) co_return false;
  }
  take_body_from_buffer(exchange, length);
  co_return true;
}

runtime::Task<bool> Connection::read_body_of_length(Exchange& exchange, std::size_t length) {
  BodyBuffer& body = exchange.body_buffer;
  body.expect(length);
  if (!body.append(buffer_.view().substr(exchange.consumed))) co_return co_await refuse_for_memory(exchange);
  exchange.consumed = buffer_.size();
  settle(exchange);
  while (body.size() < length) {
    const std::span<char> space = body.space();
    if (space.empty()) co_return co_await refuse_for_memory(exchange);
    const net::IoResult result = conn_->read(space);
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
  settle(exchange);
  std::uint32_t reads = 0;
  while (decoded == Decoded::more) {
    const net::IoResult result = conn_->read(core_->scratch);
    if (result.status == IoStatus::ok) {
      bytes = {core_->scratch.data(), result.bytes};
      decoded = decode(exchange, bytes);
      if (decoded == Decoded::done) next_bytes_.append(bytes);
      if (++reads % kReadsPerTurn == 0 && !co_await yield(exchange)) co_return false;
    } else if (result.status != IoStatus::would_block || !co_await wait_for_more(exchange)) {
      co_return false;
    }
  }
  if (decoded == Decoded::too_large) co_return co_await refuse(exchange, body_too_large(exchange));
  if (decoded == Decoded::no_memory) co_return co_await refuse_for_memory(exchange);
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
        if (exchange.body_buffer.size() + step.body.size() > exchange.max_body) {
          return Decoded::too_large;
        }
        if (!exchange.body_buffer.append(step.body)) return Decoded::no_memory;
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

// Lets everyone else have a turn, and looks at the clock: tiny chunks can come for ever without a pause.
runtime::Task<bool> Connection::yield(Exchange& exchange) {
  co_await runtime::sleep_until(core_->loop, core_->loop.now());
  conn_->readable().notify();
  co_return co_await wait_for_more(exchange);
}

Connection::Refusal Connection::body_too_large(const Exchange& exchange) const {
  const bool is_of_key = exchange.max_body < core_->settings.max_body_bytes;
  return {.reason = RefusalReason::body_too_large,
          .status = 413,
          .code = "body_too_large",
          .message = "The body is larger than the limit of " + std::to_string(exchange.max_body) +
                     (is_of_key ? " bytes of this key; send less, or have its max_body raised."
                                : " bytes; send less, or raise listen.max_body.")};
}

Connection::Refusal Connection::memory_full() {
  return {.reason = RefusalReason::memory_full,
          .status = 503,
          .code = "memory_full",
          .message =
              "The bodies of requests under way take all the memory that there is for them; try again "
              "in a moment."};
}

runtime::Task<bool> Connection::refuse_for_memory(Exchange& exchange) {
  exchange.body_buffer.release();  // at once: the answer may take its time
  return refuse(exchange, memory_full());
}

}  // namespace dujiang::adapters::http
