#include "adapters/http/server_reply.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.hpp"
#include "base/release.hpp"
#include "http/chunked.hpp"
#include "http/status.hpp"

namespace dujiang::adapters::http {
namespace {

// Up to this size the bytes of a chunk are copied between its framing, so that one write carries all of it.
constexpr std::size_t kCopyBytes = kBlockBytes;
// Of such a chunk: its size in hex and two line ends.
constexpr std::size_t kFraming = 8;

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, 20> digits{};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), result.ptr);
}

// Fields that belong to this hop: the front writes them itself.
bool is_framing_field(std::string_view name) {
  return base::iequals(name, "connection") || base::iequals(name, "content-length") ||
         base::iequals(name, "transfer-encoding");
}

// A line end in a name or value would start another field: such a field is a defect, and left out.
bool is_one_line(std::string_view text) {
  bool breaks = false;  // without a way out of the loop, so that it looks at many bytes at once
  for (const char c : text) breaks |= c == '\r' || c == '\n' || c == '\0';
  return !breaks;
}

}  // namespace

void Reply::prepare(int minor_version, bool to_head, bool keep_alive) {
  is_http10_ = minor_version == 0;
  to_head_ = to_head;
  keep_alive_ = keep_alive;
}

void Reply::start(int status, const dujiang::http::Headers& headers, std::optional<std::uint64_t> length) {
  if (state_ != State::fresh) return;
  state_ = State::open;
  choose_framing(status, length);
  if (core_.draining || framing_ == Framing::until_close) keep_alive_ = false;
  if (const auto connection = headers.get("connection"); connection && base::iequals(*connection, "close")) {
    keep_alive_ = false;
  }
  build_head(status, headers);
}

void Reply::choose_framing(int status, std::optional<std::uint64_t> length) {
  if (status < 200 || status == 204 || status == 304) {
    framing_ = Framing::none;
  } else if (length) {
    framing_ = Framing::length;
    left_ = *length;
  } else {
    framing_ = is_http10_ ? Framing::until_close : Framing::chunked;
  }
}

void Reply::build_head(int status, const dujiang::http::Headers& headers) {
  out_.reserve(512);
  out_ += "HTTP/1.1 ";
  append_number(out_, static_cast<std::uint64_t>(status));
  out_ += ' ';
  out_ += dujiang::http::reason_phrase(status);
  out_ += "\r\n";
  bool has_date = false;
  for (const dujiang::http::Field& field : headers) {
    if (is_framing_field(field.name) || !is_one_line(field.name) || !is_one_line(field.value)) continue;
    has_date = has_date || base::iequals(field.name, "date");
    out_ += field.name;
    out_ += ": ";
    out_ += field.value;
    out_ += "\r\n";
  }
  out_ += more_lines_;
  if (!has_date) {
    out_ += "date: ";
    out_ += core_.date();
    out_ += "\r\n";
  }
  if (framing_ == Framing::length) {
    out_ += "content-length: ";
    append_number(out_, left_);
    out_ += "\r\n";
  } else if (framing_ == Framing::chunked) {
    out_ += "transfer-encoding: chunked\r\n";
  }
  if (!keep_alive_) {
    out_ += "connection: close\r\n";
  } else if (is_http10_) {
    out_ += "connection: keep-alive\r\n";
  }
  out_ += "\r\n";
}

runtime::Task<bool> Reply::write(std::string_view bytes) {
  if (state_ != State::open || is_gone()) return runtime::done(false);
  if (to_head_ || framing_ == Framing::none) return flush();
  body_bytes_ += bytes.size();
  if (framing_ == Framing::length) {
    if (bytes.size() > left_) {
      abort();
      return runtime::done(false);
    }
    left_ -= bytes.size();
  }
  return send_body(bytes);
}

runtime::Task<bool> Reply::send_body(std::string_view bytes) {
  if (bytes.empty()) return flush();
  if (framing_ != Framing::chunked) return send(out_, bytes);
  if (bytes.size() <= kCopyBytes) out_.reserve(out_.size() + bytes.size() + kFraming);
  dujiang::http::append_chunk_size(out_, bytes.size());
  if (bytes.size() > kCopyBytes) return send_large_chunk(bytes);
  out_ += bytes;
  out_ += "\r\n";
  return flush();
}

runtime::Task<bool> Reply::send_large_chunk(std::string_view bytes) {
  if (!co_await send(out_, bytes)) co_return false;
  out_ += "\r\n";
  co_return co_await flush();
}

runtime::Task<bool> Reply::finish() {
  if (state_ != State::open || is_gone()) return runtime::done(false);
  if (!to_head_ && framing_ == Framing::length && left_ > 0) {
    abort();
    return runtime::done(false);
  }
  if (!to_head_ && framing_ == Framing::chunked) out_ += dujiang::http::kLastChunk;
  if (!out_.empty()) return send_end();
  state_ = State::finished;
  return runtime::done(true);
}

runtime::Task<bool> Reply::send_end() {
  const bool sent = co_await flush();
  if (state_ == State::open) state_ = State::finished;
  co_return sent;
}

void Reply::abort() {
  if (ended()) return;
  state_ = State::aborted;
  conn_.reset();
}

runtime::Task<bool> Reply::send_continue() {
  out_ = "HTTP/1.1 100 Continue\r\n\r\n";
  return flush();
}

void Reply::caller_left() {
  if (is_gone()) return;
  conn_.writable().notify();
  gone_.request_stop();
}

runtime::Task<bool> Reply::flush() { return out_.empty() ? runtime::done(true) : send(out_, {}); }

// `first` is out_, which is empty afterwards.
runtime::Task<bool> Reply::send(std::string_view first, std::string_view second) {
  if (const auto sent = write_some(first, second)) return runtime::done(*sent);
  return send_rest(first, second);
}

// Writes what the kernel takes now and removes it from both; nothing where it will take more later.
std::optional<bool> Reply::write_some(std::string_view& first, std::string_view& second) {
  while (!first.empty() || !second.empty()) {
    if (is_gone() || state_ == State::aborted) return false;
    const net::IoResult result = conn_.write(first, second);
    if (result.status == net::IoStatus::would_block) return std::nullopt;
    if (result.status != net::IoStatus::ok) {
      caller_left();
      return false;
    }
    const std::size_t of_first = std::min(result.bytes, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(result.bytes - of_first);
  }
  base::release(out_);  // until the next event it is needed by nobody
  return true;
}

runtime::Task<bool> Reply::send_rest(std::string_view first, std::string_view second) {
  base::TimePoint until = base::after(core_.loop.now(), core_.settings.write_timeout);
  while (core_.loop.now() < until) {
    co_await conn_.writable().wait(until);
    const std::size_t before = first.size() + second.size();
    if (const auto sent = write_some(first, second)) co_return *sent;
    const bool goes_on = first.size() + second.size() < before;
    if (goes_on) until = base::after(core_.loop.now(), core_.settings.write_timeout);
  }
  conn_.reset();
  caller_left();
  co_return false;
}

}  // namespace dujiang::adapters::http
