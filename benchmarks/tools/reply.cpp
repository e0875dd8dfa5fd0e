#include "reply.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace dujiang::bench {

namespace {

constexpr std::size_t kMaxLine = 16UZ * 1024;

bool same_name(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right,
                            [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
}

template <class Number>
bool read_number(std::string_view text, Number& number, int base) {
  return std::from_chars(text.data(), text.data() + text.size(), number, base).ec == std::errc();
}

}  // namespace

std::size_t ReplyReader::feed_line(std::string_view bytes) {
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) {
    line_ += bytes;
    if (line_.size() > kMaxLine) state_ = State::broken;
    return bytes.size();
  }
  std::string_view line = bytes.substr(0, end);
  if (!line_.empty()) line = line_ += line;
  if (line.ends_with('\r')) line.remove_suffix(1);
  take_line(line);
  line_.clear();
  return end + 1;
}

void ReplyReader::take_line(std::string_view line) {
  switch (state_) {
    case State::head:
      if (status_ == 0) {
        if (!line.starts_with("HTTP/1.1 ") || !read_number(line.substr(9), status_, 10))
          state_ = State::broken;
      } else if (line.empty()) {
        end_head();
      } else {
        take_field(line);
      }
      return;
    case State::chunk_size:
      if (!read_number(line, left_, 16)) {
        state_ = State::broken;
      } else {
        state_ = left_ ? State::chunk : State::trailer;
      }
      return;
    case State::after_chunk:
      state_ = line.empty() ? State::chunk_size : State::broken;
      return;
    case State::trailer:
      if (line.empty()) state_ = State::complete;
      return;
    default:
      state_ = State::broken;
  }
}

void ReplyReader::take_field(std::string_view line) {
  const std::size_t colon = std::min(line.find(':'), line.size());
  const std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(std::min(colon + 1, line.size()));
  while (value.starts_with(' ')) value.remove_prefix(1);
  if (same_name(name, "content-length") && !read_number(value, left_, 10)) state_ = State::broken;
  if (same_name(name, "transfer-encoding")) is_chunked_ = true;
}

void ReplyReader::end_head() {
  if (is_chunked_) {
    state_ = State::chunk_size;
  } else {
    state_ = left_ ? State::sized : State::complete;
  }
}

}  // namespace dujiang::bench
