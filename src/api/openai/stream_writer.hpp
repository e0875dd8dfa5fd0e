// A streamed answer as the caller gets it: well-formed events, whatever the upstream's framing was.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "api/stream_event.hpp"
#include "api/wire_format.hpp"
#include "http/headers.hpp"

namespace dujiang::api::openai {

class StreamWriter final : public StreamEncoder {
 public:
  // `show_usage`: the caller asked for the usage-only chunk (rule 12).
  explicit StreamWriter(bool show_usage) : show_usage_(show_usage) {}

  void set_identity(StreamIdentity identity) override { identity_ = std::move(identity); }

  // Appends the event's bytes; nothing for a usage-only chunk that the caller did not ask for.
  void append(std::string& out, const StreamEvent& event) override;

  // `data: [DONE]`.
  void append_end(std::string& out) override;

 private:
  bool show_usage_;
  StreamIdentity identity_;
};

// A sign of life for a caller who waits: in a stream a comment, otherwise (before a JSON body) a blank line.
inline constexpr std::string_view kKeepAliveComment = ": keep-alive\n\n";
inline constexpr std::string_view kKeepAliveBlank = "\n";

// Headers that were not known when the 200 went out early, as a comment before [DONE] (rule 8):
// ": name: value; name: value". Empty for no headers.
std::string late_headers_comment(const http::Headers& headers);

// ": text" and a blank line.
void append_comment(std::string& out, std::string_view text);

}  // namespace dujiang::api::openai
