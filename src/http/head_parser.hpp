// Strict, incremental parsing of HTTP/1.x heads: request line or status line, fields, and what they say about
// the body and the connection.
//
// An own parser rather than Beast's: it works line by line over the caller's buffer with string_views and no
// copy, gives the same verdict for any split of the same bytes, tells a person what was wrong, and refuses
// what Beast takes for the sake of old peers (folded lines, bare line feeds, doubled Content-Length), which
// is what request smuggling lives on. Each byte is searched for a line end once and classified once.
//
// Sources: RFC 9110 and RFC 9112.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "http/headers.hpp"

namespace dujiang::http {

// In bytes, and in fields. A head of exactly `head_bytes` is accepted.
struct HeadLimits {
  std::size_t head_bytes = 65536;
  std::size_t target_bytes = 16384;
  std::size_t fields = 256;
};

enum class HeadState : std::uint8_t {
  more,    // the head goes on: parse again when the buffer has grown
  done,    // head_size() bytes are the head
  failed,  // error() says why; the bytes that follow mean nothing
};

enum class BodyKind : std::uint8_t { none, length, chunked, until_close };

struct BodyFraming {
  BodyKind kind = BodyKind::none;
  std::uint64_t length = 0;  // for BodyKind::length
};

struct FieldView {
  std::string_view name;
  std::string_view value;  // without the white space around it
};

// What is wrong with a head, as one sentence for whoever sent it, and the status that a server answers:
// 400, 414 (target too long), 431 (head too large), 505 (version).
struct HeadError {
  int status = 0;
  std::string_view message;  // static text
};

class HeadParser {
 public:
  virtual ~HeadParser() = default;
  HeadParser(const HeadParser&) = delete;
  HeadParser& operator=(const HeadParser&) = delete;

  // `buffer` starts with the first byte of the message and holds all that was read of it so far. It may move
  // and grow between calls. Every view that this parser hands out points into the buffer of the last call.
  HeadState parse(std::string_view buffer);

  // Forgets everything: ready for the next message.
  void reset();

  HeadState state() const { return state_; }
  const HeadError& error() const { return error_; }

  // Valid from `done` on.
  std::size_t head_size() const { return next_; }
  int minor_version() const { return minor_version_; }  // 0 or 1
  BodyFraming body() const { return body_; }
  bool keep_alive() const { return keep_alive_; }  // may the connection serve another message after this one
  std::size_t field_count() const { return fields_.size(); }
  FieldView field(std::size_t index) const;
  Headers headers() const;

  // Makes `headers` the fields of the head, with a copy of its text: the views of this parser point there
  // from now on, and its buffer may go. Its fields have moved.
  void settle_in(Headers& headers);

 protected:
  explicit HeadParser(HeadLimits limits) : limits_(limits) {}

  // The parts of the first line; what the fields say together; what a derived parser keeps of an earlier
  // message.
  virtual void take_first_line(std::string_view line) = 0;
  virtual void conclude() = 0;
  virtual void forget() = 0;
  // Bytes of the first line, complete or not; refuses where they are too many or cannot begin a message.
  virtual void check_first_line(std::string_view so_far) = 0;
  // The first line alone is beyond the limit of the head.
  virtual void refuse_first_line();
  // A field that the derived parser may want to know; `value` is checked.
  virtual void note_field(std::string_view name, std::string_view value);

  void refuse(int status, std::string_view message);
  bool refused() const { return state_ == HeadState::failed; }
  bool take_version(std::string_view text);
  Span span_of(std::string_view part) const;
  std::string_view view(Span span) const { return buffer_.substr(span.at, span.size); }

  HeadLimits limits_;
  BodyFraming body_;
  bool keep_alive_ = false;
  bool has_length_ = false;
  bool is_chunked_ = false;
  bool says_close_ = false;
  bool says_keep_alive_ = false;
  std::uint64_t length_ = 0;
  int minor_version_ = 1;

 private:
  void take_line(std::size_t line_feed);
  void refuse_size();
  void take_field(std::string_view line);
  void classify(std::string_view name, std::string_view value);
  void take_length(std::string_view value);
  void take_transfer_encoding(std::string_view value);
  void take_connection(std::string_view value);

  std::string_view buffer_;
  std::vector<FieldSpan> fields_;
  HeadState state_ = HeadState::more;
  HeadError error_;
  std::size_t next_ = 0;     // start of the line not yet taken
  std::size_t scanned_ = 0;  // no line end lies in [next_, scanned_)
  bool has_first_line_ = false;
  bool skipped_empty_line_ = false;
};

enum class Expect : std::uint8_t { nothing, continue_100, unknown };

class RequestHeadParser final : public HeadParser {
 public:
  explicit RequestHeadParser(HeadLimits limits = {}) : HeadParser(limits) {}

  std::string_view method() const { return view(method_); }
  std::string_view target() const { return view(target_); }
  std::string_view path() const;  // without query, "/" for a bare authority, "*" for OPTIONS *
  std::string_view query() const { return view(query_); }
  // The host asked for: of the target where that is absolute, else of the Host field; empty for HTTP/1.0
  // without.
  std::string_view host() const { return view(host_); }
  Expect expect() const { return expect_; }

 private:
  void take_first_line(std::string_view line) override;
  void conclude() override;
  void forget() override;
  void check_first_line(std::string_view so_far) override;
  void refuse_first_line() override;
  void note_field(std::string_view name, std::string_view value) override;
  void take_target(std::string_view target);

  Span method_;
  Span target_;
  Span path_;
  Span query_;
  Span host_;
  bool target_has_host_ = false;
  bool has_host_field_ = false;
  Expect expect_ = Expect::nothing;
};

// `to_head`: whether the request was a HEAD, whose answer has no body whatever its fields say.
class ResponseHeadParser final : public HeadParser {
 public:
  explicit ResponseHeadParser(bool to_head = false, HeadLimits limits = {})
      : HeadParser(limits), to_head_(to_head) {}

  int status() const { return status_; }  // 100 to 999; after a 1xx another head follows
  std::string_view reason() const { return view(reason_); }

 private:
  void take_first_line(std::string_view line) override;
  void conclude() override;
  void forget() override;
  void check_first_line(std::string_view so_far) override;

  bool to_head_;
  int status_ = 0;
  Span reason_;
};

}  // namespace dujiang::http
