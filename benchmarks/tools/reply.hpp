// Reads one HTTP answer after another from a connection's bytes: head, then a body by length or in chunks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dujiang::bench {

class ReplyReader {
 public:
  enum class State : std::uint8_t { head, sized, chunk_size, chunk, after_chunk, trailer, complete, broken };

  /// Takes bytes and hands those of the body to `on_body`, in pieces. Stops behind an answer's end; returns
  /// how many bytes it has taken.
  template <class OnBody>
  std::size_t feed(std::string_view bytes, OnBody&& on_body) {
    std::string_view rest = bytes;
    while (!rest.empty() && state_ != State::complete && state_ != State::broken) {
      if (state_ == State::sized || state_ == State::chunk) {
        const std::string_view piece = rest.substr(0, left_);
        on_body(piece);
        rest.remove_prefix(piece.size());
        left_ -= piece.size();
        if (left_ == 0) state_ = state_ == State::chunk ? State::after_chunk : State::complete;
      } else {
        rest.remove_prefix(feed_line(rest));
      }
    }
    return bytes.size() - rest.size();
  }

  bool is_complete() const { return state_ == State::complete; }
  bool is_broken() const { return state_ == State::broken; }
  bool is_between() const { return state_ == State::head && line_.empty() && status_ == 0; }
  int status() const { return status_; }

  /// Before the next answer.
  void reset() { *this = ReplyReader(); }

 private:
  std::size_t feed_line(std::string_view bytes);
  void take_line(std::string_view line);
  void take_field(std::string_view line);
  void end_head();

  State state_ = State::head;
  bool is_chunked_ = false;
  int status_ = 0;
  std::size_t left_ = 0;
  std::string line_;  // What has come of a line whose end has not.
};

}  // namespace dujiang::bench
