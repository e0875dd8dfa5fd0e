// One response read from bytes as they come: head, body without its framing and coding, end. Does no I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "adapters/http/client_inflate.hpp"
#include "http/chunked.hpp"
#include "http/head_parser.hpp"
#include "http/headers.hpp"
#include "ports/http_client.hpp"

namespace dujiang::adapters::http {

struct ResponseLimits {
  dujiang::http::HeadLimits head;
  InflateLimits inflate;
  unsigned interim_responses = 32;  // 1xx before the real one
};

class ResponseReader {
 public:
  // `to_head`: the request was a HEAD, so its answer has no body.
  explicit ResponseReader(bool to_head = false, ResponseLimits limits = {});
  ResponseReader(const ResponseReader&) = delete;
  ResponseReader& operator=(const ResponseReader&) = delete;
  ~ResponseReader();

  // Where the next bytes from the connection go; never empty after next() said `more`.
  std::span<char> space();
  void commit(std::size_t bytes) { filled_ += bytes; }

  // Nothing will come for a while: gives the buffer to whoever needs one, where all of it is dealt with.
  void rest();

  struct Step {
    enum class Kind : std::uint8_t { more, head, body, end, failed };
    Kind kind = Kind::more;
    std::string_view bytes{};  // of body; valid until the next call of anything here
    ports::IoFailure failure{};
    std::string detail{};
  };
  Step next();

  // The connection ended, properly or (`broken`) not.
  enum class Ending : std::uint8_t { proper, broken };
  Step end_of_stream(Ending ending);

  bool has_begun() const { return begun_ || filled_ > 0; }

  // After `head`: without Content-Encoding and Content-Length where the body is decoded.
  int status() const { return status_; }
  const dujiang::http::Headers& headers() const { return headers_; }

  // After `end`: whether the connection may serve another request.
  bool keeps_connection() const { return keep_alive_ && taken_ == filled_; }

 private:
  Step read_head();
  Step take_head();
  std::optional<Step> choose_decoding();
  Step read_body();
  Step next_piece();
  Step take_raw(std::size_t limit);
  Step decode(std::string_view piece);
  Step finish();
  Step fail(ports::IoFailure failure, std::string detail);
  std::string_view unread() const { return {buffer_.get() + taken_, filled_ - taken_}; }
  void compact();

  enum class Phase : std::uint8_t { head, body, ended };

  ResponseLimits limits_;
  dujiang::http::ResponseHeadParser parser_;
  dujiang::http::ChunkedDecoder chunks_;
  std::unique_ptr<Inflater> inflater_;
  std::unique_ptr<char[]> decoded_;

  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t taken_ = 0;   // bytes of the buffer that are dealt with
  std::size_t filled_ = 0;  // bytes in the buffer

  Phase phase_ = Phase::head;
  bool begun_ = false;
  unsigned interim_ = 0;
  int status_ = 0;
  dujiang::http::Headers headers_;
  bool keep_alive_ = false;
  dujiang::http::BodyFraming framing_;
  std::uint64_t left_ = 0;        // of a body with a length
  std::string_view coded_piece_;  // not yet decoded
  bool holds_output_ = false;     // the inflater has more, for which there was no room
  Step last_;                     // the end or the failure, told again
};

}  // namespace dujiang::adapters::http
