// What the gateway needs to know of a request body; the body itself is forwarded as it came.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "api/error.hpp"
#include "api/operation.hpp"

namespace dujiang::api {

struct Call {
  Operation operation = Operation::chat;
  std::string model;
  bool stream = false;
  bool has_stream_options = false;
  bool include_usage = false;               // the caller asked for stream_options.include_usage
  std::optional<std::uint64_t> max_tokens;  // max_tokens or max_completion_tokens
  std::uint32_t n = 1;                      // choices asked for
  bool needs_tools = false;                 // tools or functions are given, and tool_choice isn't "none"
  bool needs_json = false;                  // response_format is json_object or json_schema
  std::optional<bool> thinking;             // switched on or off explicitly
  std::uint64_t prompt_bytes = 0;           // of all texts that the model reads, tools included; approximate
  bool deterministic = false;               // temperature is 0
  std::string last_role;                    // of the last message; "" without messages
  bool prefix = false;                      // the last message is a prefix to go on from

  // An answer of one token may well be empty (rule 2).
  bool one_token() const { return max_tokens == 1; }
};

inline constexpr std::uint32_t kMaxChoices = 128;

// Reads and validates the body of an operation that has one. An error says what is wrong and what to do:
// an empty body, malformed JSON (with the byte position), no object, no model, a wrong type, a key given
// twice.
std::expected<Call, ApiError> parse_call(Operation operation, std::string_view body);

}  // namespace dujiang::api
