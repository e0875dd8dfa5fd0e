#include <algorithm>

#include "http/chars.hpp"
#include "http/head_parser.hpp"

namespace dujiang::http {

void ResponseHeadParser::check_first_line(std::string_view so_far) {
  constexpr std::string_view kStart = "HTTP/1.";
  const std::string_view start = so_far.substr(0, kStart.size());
  // An empty line before the message is the line parser's business; everything else must look like HTTP at
  // once, so that a peer that speaks something else is not read up to the limit.
  if (start.starts_with('\r')) return;
  if (!kStart.starts_with(start)) refuse(400, "The first bytes are not those of an HTTP/1.1 response.");
}

void ResponseHeadParser::take_first_line(std::string_view line) {
  // "HTTP/1.1 200 OK"; the reason may be missing, and with it the space before it.
  constexpr std::size_t kVersion = 8;
  constexpr std::size_t kCode = kVersion + 4;
  if (!take_version(line.substr(0, kVersion))) return;
  const std::string_view code = line.substr(kVersion, 4);
  const std::string_view rest = line.substr(std::min(kCode, line.size()));
  if (code.size() < 4 || code.front() != ' ' || !std::ranges::all_of(code.substr(1), is_digit) ||
      code[1] == '0') {
    return refuse(400, "The status line has no three-digit status.");
  }
  if (!rest.empty() && rest.front() != ' ') return refuse(400, "The status has more than three digits.");
  if (!all_chars(rest, value_char)) return refuse(400, "The status line has a control character.");
  status_ = (code[1] - '0') * 100 + (code[2] - '0') * 10 + (code[3] - '0');
  if (!rest.empty()) reason_ = span_of(rest.substr(1));
}

void ResponseHeadParser::conclude() {
  keep_alive_ = minor_version_ == 0 ? says_keep_alive_ && !says_close_ : !says_close_;
  if (to_head_ || status_ < 200 || status_ == 204 || status_ == 304) return;
  if (is_chunked_) {
    if (minor_version_ == 0) return refuse(400, "HTTP/1.0 knows no Transfer-Encoding.");
    body_ = {.kind = BodyKind::chunked};
  } else if (!has_length_) {
    body_ = {.kind = BodyKind::until_close};
    keep_alive_ = false;
  } else if (length_ > 0) {
    body_ = {.kind = BodyKind::length, .length = length_};
  }
}

void ResponseHeadParser::forget() {
  status_ = 0;
  reason_ = {};
}

}  // namespace dujiang::http
