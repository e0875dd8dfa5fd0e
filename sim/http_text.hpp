// Heads and framing of the busy server's answers, as bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dujiang::sim {

struct ResponseHead {
  int status = 200;
  std::string_view content_type = "application/json";
  std::optional<std::uint64_t> length;  // without it: chunked
  bool until_close = false;             // neither length nor chunks: the body ends with the connection
  bool keep_alive = true;
  std::string_view trace_id{};  // 32 hex digits
  std::string extra{};          // whole lines, each with its line end
};

std::string to_text(const ResponseHead& head);

// As DeepSeek's x-ds-trace-id has it: 32 hex digits.
std::string trace_id(std::string uuid);

// One chunk of the chunked coding; nothing for no bytes, since an empty chunk ends the body.
std::string chunk(std::string_view bytes);

inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

std::string_view reason_phrase(int status);

}  // namespace dujiang::sim
