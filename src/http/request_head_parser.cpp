#include <algorithm>

#include "base/ascii.hpp"
#include "http/authority.hpp"
#include "http/chars.hpp"
#include "http/head_parser.hpp"

namespace dujiang::http {
namespace {

constexpr std::size_t kMaxMethod = 32;
// "METHOD SP target SP HTTP/1.1 CR" without the target.
constexpr std::size_t kAroundTarget = kMaxMethod + 11;
constexpr std::string_view kTooLong = "The request target (path and query) is too long.";

}  // namespace

void RequestHeadParser::check_first_line(std::string_view so_far) {
  if (so_far.empty() || so_far.front() == '\r') return;
  if (so_far.front() == '\x16') {
    return refuse(400,
                  "These bytes begin a TLS handshake, but this port speaks plain HTTP; use http:// here.");
  }
  if (!is_char(so_far.front(), token_char))
    return refuse(400, "The first byte is not that of an HTTP request.");
  if (so_far.size() > limits_.target_bytes + kAroundTarget) refuse(414, kTooLong);
}

void RequestHeadParser::refuse_first_line() { refuse(414, kTooLong); }

void RequestHeadParser::take_first_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return refuse(400, "The request line must be METHOD, target and HTTP version, with one space between.");
  }
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (method.size() > kMaxMethod || !all_chars(method, token_char)) {
    return refuse(400, "The request method is not a word such as GET or POST.");
  }
  if (target.size() > limits_.target_bytes) return refuse(414, kTooLong);
  if (target.empty() || !all_chars(target, target_char)) {
    return refuse(400, "The request target has a character that must be percent-encoded (or is empty).");
  }
  if (!take_version(line.substr(last + 1))) return;
  method_ = span_of(method);
  target_ = span_of(target);
  take_target(target);
}

void RequestHeadParser::take_target(std::string_view target) {
  std::string_view rest = target;
  if (target == "*" && method() == "OPTIONS") {
    path_ = target_;
    return;
  }
  if (const bool tls = base::istarts_with(target, "https://"); tls || base::istarts_with(target, "http://")) {
    rest.remove_prefix(tls ? 8 : 7);
    const std::string_view host = rest.substr(0, std::min(rest.find_first_of("/?"), rest.size()));
    if (!parse_authority(host)) return refuse(400, "The request target names no valid host.");
    // RFC 9112 section 3.2.2: an absolute target's host is the one that counts.
    host_ = span_of(host);
    target_has_host_ = true;
    rest.remove_prefix(host.size());
  } else if (target.front() != '/') {
    return refuse(400, "The request target must be a path such as /v1/chat/completions.");
  }
  const std::size_t mark = std::min(rest.find('?'), rest.size());
  path_ = span_of(rest.substr(0, mark));
  if (mark < rest.size()) query_ = span_of(rest.substr(mark + 1));
}

std::string_view RequestHeadParser::path() const { return path_.size == 0 ? "/" : view(path_); }

void RequestHeadParser::note_field(std::string_view name, std::string_view value) {
  if (name.size() == 4 && base::iequals(name, "host")) {
    if (has_host_field_) return refuse(400, "There are two Host headers.");
    has_host_field_ = true;
    if (!parse_authority(value))
      return refuse(400, "The Host header is not a host name with an optional port.");
    if (!target_has_host_) host_ = span_of(value);
  } else if (name.size() == 6 && base::iequals(name, "expect")) {
    const bool known = expect_ == Expect::nothing && base::iequals(value, "100-continue");
    expect_ = known ? Expect::continue_100 : Expect::unknown;
  }
}

void RequestHeadParser::conclude() {
  if (minor_version_ == 0) {
    if (is_chunked_) return refuse(400, "HTTP/1.0 knows no Transfer-Encoding; send a Content-Length.");
    // RFC 9110 section 10.1.1: an expectation in HTTP/1.0 is ignored.
    expect_ = Expect::nothing;
    keep_alive_ = says_keep_alive_ && !says_close_;
  } else {
    if (!has_host_field_) return refuse(400, "The Host header is missing; HTTP/1.1 requires one.");
    keep_alive_ = !says_close_;
  }
  if (is_chunked_) {
    body_ = {.kind = BodyKind::chunked};
  } else if (length_ > 0) {
    body_ = {.kind = BodyKind::length, .length = length_};
  }
}

void RequestHeadParser::forget() {
  method_ = target_ = path_ = query_ = host_ = {};
  target_has_host_ = has_host_field_ = false;
  expect_ = Expect::nothing;
}

}  // namespace dujiang::http
