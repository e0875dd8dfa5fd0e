#include "http/chunked.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.hpp"
#include "http/chars.hpp"

namespace dujiang::http {
namespace {

constexpr unsigned kMaxDigits = 15;  // so that a size never overflows
constexpr std::string_view kBadSize = "A chunk's size is not a hexadecimal number followed by CR LF.";
constexpr std::string_view kBadTrailer = "A trailer field is not NAME: VALUE followed by CR LF.";

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char low = base::to_lower(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

}  // namespace

ChunkedDecoder::Step ChunkedDecoder::next(std::string_view input) {
  std::size_t at = 0;
  while (state_ != State::done && state_ != State::failed) {
    if (at == input.size()) return {.kind = Kind::more, .consumed = at, .body = {}};
    if (state_ == State::data) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - at));
      left_ -= size;
      if (left_ == 0) state_ = State::data_cr;
      return {.kind = Kind::body, .consumed = at + size, .body = input.substr(at, size)};
    }
    state_ = step(state_, input[at++]);
  }
  return {.kind = state_ == State::done ? Kind::end : Kind::error, .consumed = at, .body = {}};
}

ChunkedDecoder::State ChunkedDecoder::refuse(std::string_view message) {
  error_ = message;
  return State::failed;
}

ChunkedDecoder::State ChunkedDecoder::step(State state, char c) {
  switch (state) {
    case State::size_start:
    case State::size:
    case State::size_blank:
    case State::extension:
      if (++line_ > limits_.line) return refuse("A chunk's size line is too long.");
      return size_digit(state, c);
    case State::size_lf:
      if (c != '\n') return refuse(kBadSize);
      return left_ > 0 ? State::data : State::trailer_start;
    case State::data_cr:
      return c == '\r' ? State::data_lf : refuse("A chunk is longer than its size says.");
    case State::data_lf:
      if (c != '\n') return refuse("A chunk does not end with CR LF.");
      digits_ = 0;
      line_ = 0;
      return State::size_start;
    default:
      if (++trailer_ > limits_.trailer) return refuse("The trailer fields are too large.");
      return trailer_char(state, c);
  }
}

// `left_` is 0 when a size line begins: the chunk before it has been used up.
ChunkedDecoder::State ChunkedDecoder::size_digit(State state, char c) {
  if (state == State::size_start || state == State::size) {
    if (const int value = hex_value(c); value >= 0) {
      if (++digits_ > kMaxDigits) return refuse("A chunk's size is beyond any message.");
      left_ = left_ * 16 + static_cast<unsigned>(value);
      return State::size;
    }
    if (state == State::size_start) return refuse(kBadSize);
  }
  if (state == State::extension) {
    if (c == '\r') return State::size_lf;
    return is_char(c, value_char) ? State::extension : refuse("A chunk extension has a control character.");
  }
  if (c == ';') return State::extension;
  if (c == ' ' || c == '\t') return State::size_blank;
  return c == '\r' && state == State::size ? State::size_lf : refuse(kBadSize);
}

ChunkedDecoder::State ChunkedDecoder::trailer_char(State state, char c) {
  switch (state) {
    case State::trailer_start:
      if (c == '\r') return State::end_lf;
      return is_char(c, token_char) ? State::trailer_name : refuse(kBadTrailer);
    case State::trailer_name:
      if (c == ':') return State::trailer_value;
      return is_char(c, token_char) ? State::trailer_name : refuse(kBadTrailer);
    case State::trailer_value:
      if (c == '\r') return State::trailer_lf;
      return is_char(c, value_char) ? State::trailer_value : refuse(kBadTrailer);
    case State::trailer_lf:
      return c == '\n' ? State::trailer_start : refuse(kBadTrailer);
    default:
      return c == '\n' ? State::done : refuse("The last chunk does not end with an empty line.");
  }
}

void append_chunk_size(std::string& out, std::uint64_t size) {
  std::array<char, 16> digits{};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16);
  out.append(digits.data(), result.ptr).append("\r\n");
}

}  // namespace dujiang::http
