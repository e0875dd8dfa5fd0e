// A streamed answer as the caller gets it: well-formed events, whatever the upstream's framing was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/error.hpp"
#include "api/stream_event.hpp"
#include "http/headers.hpp"

namespace dujiang::api::openai {

// What every chunk of one answer shall say, so that an answer put together from several attempts reads as
// one.
struct StreamIdentity {
  std::optional<std::string> id;
  std::optional<std::string> model;
  std::optional<std::int64_t> created;
};

class StreamWriter {
 public:
  // `show_usage`: the caller asked for the usage-only chunk (rule 12).
  explicit StreamWriter(bool show_usage) : show_usage_(show_usage) {}

  // From now on chunks carry these; by default they stay as they came.
  void set_identity(StreamIdentity identity) { identity_ = std::move(identity); }

  // Appends the event's bytes; nothing for a usage-only chunk that the caller did not ask for.
  void append(std::string& out, const StreamEvent& event) const;

 private:
  bool show_usage_;
  StreamIdentity identity_;
};

// A sign of life for a caller who waits: in a stream a comment, otherwise (before a JSON body) a blank line.
inline constexpr std::string_view kKeepAliveComment = ": keep-alive\n\n";
inline constexpr std::string_view kKeepAliveBlank = "\n";

// `data: [DONE]`, exactly once and only after a real finish.
inline constexpr std::string_view kDoneEvent = "data: [DONE]\n\n";

// Headers that were not known when the 200 went out early, as a comment before [DONE] (rule 8):
// ": name: value; name: value". Empty for no headers.
std::string late_headers_comment(const http::Headers& headers);

}  // namespace dujiang::api::openai
