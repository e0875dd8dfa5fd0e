// The chunked transfer coding (RFC 9112 section 7.1), decoded as the bytes come, without a copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dujiang::http {

// In bytes.
struct ChunkedLimits {
  std::size_t line = 256;      // a chunk's size line with its extensions
  std::size_t trailer = 8192;  // all trailer fields together
};

// Strict: line ends are CR LF, sizes are 1 to 15 hex digits, white space stands only around the ';' of an
// extension. Extensions and trailer fields are checked and dropped.
class ChunkedDecoder {
 public:
  explicit ChunkedDecoder(ChunkedLimits limits = {}) : limits_(limits) {}

  enum class Kind : std::uint8_t {
    more,   // all of the input is consumed, the message goes on
    body,   // `body` is a part of the input
    end,    // the message is complete; what follows `consumed` belongs to the next one
    error,  // error() says why
  };
  struct Step {
    Kind kind = Kind::more;
    std::size_t consumed =
        0;  // bytes of the input that this step has dealt with, framing and `body` together
    std::string_view body;
  };

  // Decodes up to and including the next piece of body. Call it again with what it has not consumed. After
  // `end` and `error` it returns the same again, consuming nothing.
  Step next(std::string_view input);

  bool done() const { return state_ == State::done; }
  std::string_view error() const { return error_; }  // one sentence, static

 private:
  enum class State : std::uint8_t {
    size_start,
    size,
    size_blank,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    end_lf,
    done,
    failed
  };

  State step(State state, char c);
  State size_digit(State state, char c);
  State trailer_char(State state, char c);
  State refuse(std::string_view message);

  ChunkedLimits limits_;
  State state_ = State::size_start;
  std::uint64_t left_ = 0;   // of the current chunk
  unsigned digits_ = 0;      // of the current size
  std::size_t line_ = 0;     // bytes of the current size line
  std::size_t trailer_ = 0;  // bytes of the trailer
  std::string_view error_;
};

// Writing: a chunk is its size line, its bytes and CR LF; the last one ends the body.
void append_chunk_size(std::string& out, std::uint64_t size);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace dujiang::http
