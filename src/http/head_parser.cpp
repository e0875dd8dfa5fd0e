#include "http/head_parser.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "base/ascii.hpp"
#include "http/chars.hpp"

namespace dujiang::http {
namespace {

constexpr std::size_t kUsualFields = 16;

bool is_blank_char(char c) { return c == ' ' || c == '\t'; }

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank_char(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank_char(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

HeadState HeadParser::parse(std::string_view buffer) {
  buffer_ = buffer;
  while (state_ == HeadState::more) {
    const std::string_view unseen = buffer.substr(scanned_);
    const void* found = unseen.empty() ? nullptr : std::memchr(unseen.data(), '\n', unseen.size());
    if (!has_first_line_) {
      const std::size_t end =
          found ? static_cast<std::size_t>(static_cast<const char*>(found) - buffer.data()) : buffer.size();
      check_first_line(buffer.substr(next_, end - next_));
      if (refused()) break;
    }
    if (!found) {
      scanned_ = buffer.size();
      if (scanned_ >= limits_.head_bytes) refuse_size();
      break;
    }
    take_line(static_cast<std::size_t>(static_cast<const char*>(found) - buffer.data()));
  }
  return state_;
}

void HeadParser::reset() {
  buffer_ = {};
  fields_.clear();
  state_ = HeadState::more;
  error_ = {};
  next_ = scanned_ = 0;
  has_first_line_ = skipped_empty_line_ = false;
  body_ = {};
  keep_alive_ = has_length_ = is_chunked_ = says_close_ = says_keep_alive_ = false;
  length_ = 0;
  minor_version_ = 1;
  forget();
}

FieldView HeadParser::field(std::size_t index) const {
  return {.name = view(fields_[index].name), .value = view(fields_[index].value)};
}

Headers HeadParser::headers() const { return {std::string(buffer_.substr(0, next_)), fields_}; }

void HeadParser::settle_in(Headers& headers) {
  headers = {std::string(buffer_.substr(0, next_)), std::exchange(fields_, {})};
  buffer_ = headers.text();
}

void HeadParser::refuse_size() {
  if (!has_first_line_) return refuse_first_line();
  refuse(431, "The head of the message is too large.");
}

void HeadParser::refuse_first_line() { refuse(431, "The first line of the message is too long."); }

void HeadParser::refuse(int status, std::string_view message) {
  if (refused()) return;
  state_ = HeadState::failed;
  error_ = {.status = status, .message = message};
}

Span HeadParser::span_of(std::string_view part) const {
  return {.at = static_cast<std::uint32_t>(part.data() - buffer_.data()),
          .size = static_cast<std::uint32_t>(part.size())};
}

// Takes the line [next_, line_feed].
void HeadParser::take_line(std::size_t line_feed) {
  const std::size_t start = next_;
  next_ = scanned_ = line_feed + 1;
  if (next_ > limits_.head_bytes) return refuse_size();
  if (line_feed == start || buffer_[line_feed - 1] != '\r') {
    return refuse(400, "A line of the head ends with a bare line feed; every line must end with CR LF.");
  }
  const std::string_view line = buffer_.substr(start, line_feed - 1 - start);
  if (line.empty()) {
    if (has_first_line_) {
      state_ = HeadState::done;
      return conclude();
    }
    // RFC 9112 section 2.2: one empty line before a message is forgiven.
    if (skipped_empty_line_) return refuse(400, "There are empty lines before the message.");
    skipped_empty_line_ = true;
    return;
  }
  if (has_first_line_) return take_field(line);
  has_first_line_ = true;
  take_first_line(line);
}

void HeadParser::take_field(std::string_view line) {
  if (fields_.size() >= limits_.fields) return refuse(431, "The head has too many header fields.");
  if (is_blank_char(line.front())) {
    return refuse(400, "A header line begins with white space; folded header lines are not accepted.");
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return refuse(400, "A header line has no colon.");
  const std::string_view name = line.substr(0, colon);
  if (name.empty()) return refuse(400, "A header line has no name before its colon.");
  if (is_blank_char(name.back())) {
    return refuse(400, "A header line has white space between its name and its colon.");
  }
  if (!all_chars(name, token_char))
    return refuse(400, "A header name has a character that is not allowed there.");
  const std::string_view value = trim_blanks(line.substr(colon + 1));
  if (!all_chars(value, value_char)) {
    return refuse(400, "A header value has a control character (a bare CR, NUL or another).");
  }
  if (fields_.empty()) fields_.reserve(kUsualFields);
  fields_.push_back({.name = span_of(name), .value = span_of(value)});
  classify(name, value);
}

void HeadParser::classify(std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 10:
      if (base::iequals(name, "connection")) return take_connection(value);
      break;
    case 14:
      if (base::iequals(name, "content-length")) return take_length(value);
      break;
    case 17:
      if (base::iequals(name, "transfer-encoding")) return take_transfer_encoding(value);
      break;
    default:
      break;
  }
  note_field(name, value);
}

void HeadParser::note_field(std::string_view /*name*/, std::string_view /*value*/) {}

void HeadParser::take_length(std::string_view value) {
  if (has_length_) return refuse(400, "There are two Content-Length headers; one message has one length.");
  has_length_ = true;
  if (is_chunked_)
    return refuse(400, "There are both Content-Length and Transfer-Encoding; send one of them.");
  if (value.empty() || !std::ranges::all_of(value, is_digit)) {
    return refuse(400, "Content-Length is not a decimal number of bytes.");
  }
  for (const char c : value) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (length_ > (std::numeric_limits<std::int64_t>::max() - digit) / 10) {
      return refuse(400, "Content-Length is beyond any message.");
    }
    length_ = length_ * 10 + digit;
  }
}

void HeadParser::take_transfer_encoding(std::string_view value) {
  if (is_chunked_) return refuse(400, "There are two Transfer-Encoding headers.");
  if (has_length_)
    return refuse(400, "There are both Content-Length and Transfer-Encoding; send one of them.");
  if (base::iequals(value, "chunked")) {
    is_chunked_ = true;
    return;
  }
  // Not 501: of "gzip, chunked" and "chunked, chunked" alike it is unclear who undoes what.
  refuse(400,
         "Transfer-Encoding is not the one word chunked; send the body plain, chunked or with a length.");
}

void HeadParser::take_connection(std::string_view value) {
  // Each option is looked for among all fields when the message is forwarded.
  constexpr std::ptrdiff_t kMaxOptions = 32;
  if (std::ranges::count(value, ',') >= kMaxOptions)
    return refuse(400, "A Connection header has too many options.");
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    const std::string_view option = trim_blanks(value.substr(0, comma));
    if (base::iequals(option, "close")) says_close_ = true;
    if (base::iequals(option, "keep-alive")) says_keep_alive_ = true;
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
}

bool HeadParser::take_version(std::string_view text) {
  const bool is_version = text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) &&
                          text[6] == '.' && is_digit(text[7]);
  if (!is_version) {
    refuse(400, "The first line has no HTTP version where one belongs (HTTP/1.1).");
    return false;
  }
  if (text[5] != '1') {
    refuse(505, "This HTTP version is not spoken here; use HTTP/1.1.");
    return false;
  }
  // RFC 9110 section 2.5: a higher minor version is read as the highest one known.
  minor_version_ = text[7] == '0' ? 0 : 1;
  return true;
}

}  // namespace dujiang::http
