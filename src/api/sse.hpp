// Server-sent events: decoding over arbitrary splits of the bytes, and encoding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dujiang::api {

struct SseItem {
  enum class Kind : std::uint8_t {
    data,     // an event; `text` is its data, lines joined by '\n'
    comment,  // a line that starts with ':'; `text` is what follows. A sign of life, never progress
  };
  Kind kind = Kind::data;
  std::string_view text;
  std::string_view name;      // of a `data` event: its `event:` field, usually empty
  bool unterminated = false;  // the stream ended before the blank line that ends an event
};

// Takes CR, LF and CRLF, a byte order mark, `data:` with and without a space, data over several lines.
// Memory is bounded by `max_event_bytes` plus the size of one feed.
class SseDecoder {
 public:
  explicit SseDecoder(std::size_t max_event_bytes = 4u << 20) : max_event_bytes_(max_event_bytes) {}

  // Takes in bytes. Then next() until it gives nothing.
  void feed(std::string_view bytes);

  // The next item; its views are valid until the next call of feed() or next().
  std::optional<SseItem> next();

  // After the end of the stream: what stands there without the blank line that ends an event. Servers do
  // leave it out after [DONE]; a text that then does not parse was cut.
  std::optional<SseItem> end();

  // An event or a line exceeds the limit; nothing more comes out.
  bool too_large() const { return too_large_; }

 private:
  bool take_line(std::string_view& line);
  std::optional<SseItem> on_line(std::string_view line);
  std::optional<SseItem> dispatch();

  std::size_t max_event_bytes_;
  std::string buffer_;        // bytes not consumed yet
  std::size_t consumed_ = 0;  // of buffer_
  std::size_t scanned_ = 0;   // of buffer_: no line end before this
  std::string data_;          // of the event under way
  std::string name_;
  std::string out_data_;  // of the event given out last
  std::string out_name_;
  bool has_data_ = false;
  bool at_start_ = true;  // a byte order mark may come
  bool skip_lf_ = false;  // the last line ended with CR
  bool too_large_ = false;
};

// Appends one event; each line of `data` becomes a `data: ` line.
void append_sse_event(std::string& out, std::string_view data);

// What a body is by its first bytes, whatever its label says.
enum class BodyForm : std::uint8_t {
  undecided,  // only whitespace, or too few bytes
  json,       // starts like an object or array
  sse,        // starts with a field of an event or a comment
  other,      // HTML, plain text, ...
};
BodyForm sniff_body(std::string_view prefix);

// Drops the white space that an undecided prefix has too much: one blank, the last, says as much as many. So
// who waits behind blank lines holds a few bytes and looks at each of them once.
void squeeze_undecided(std::string& prefix);

}  // namespace dujiang::api
