// One chunk of a streamed answer, read: what it brings and what it ends.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/json.hpp"
#include "api/usage.hpp"

namespace dujiang::api {

struct ChoiceDelta {
  std::uint32_t index = 0;
  std::string_view content;        // unescaped; a text completion's `text` too
  std::string_view reasoning;      // delta.reasoning_content
  bool tool_call = false;          // a piece of a tool call or of a legacy function call
  bool refusal = false;            // a piece of refusal text
  bool parts = false;              // content came as an array of parts, not as a string
  std::string_view finish_reason;  // empty while the choice goes on

  // Something a reader can see, whitespace aside (rule 1: whitespace is no progress).
  bool progress() const;
};

// Views are valid until the reader reads again.
struct StreamEvent {
  std::string_view raw;  // the chunk's JSON as it came; lives as long as what was read
  std::string_view id;
  std::string_view model;
  std::optional<std::int64_t> created;
  std::vector<ChoiceDelta> choices;  // empty for a usage-only chunk
  std::optional<Usage> usage;
  bool error = false;  // the chunk is an error object; raw holds it

  // Rule 3: a byte of content or of a tool call commits; reasoning does not. A refusal does: it is the
  // answer.
  bool commits() const;
  bool progress() const;
  bool reasoning() const;
  bool finishes() const;    // at least one choice has a finish_reason
  bool usage_only() const;  // rule 12
};

// Choices beyond this index are malformed.
inline constexpr std::uint32_t kMaxChoiceIndex = 127;

class StreamEventReader {
 public:
  // Reads the data of one event (not "[DONE]"). An error means a malformed event: no JSON, no object, or
  // fields of a type that no chunk has.
  std::expected<const StreamEvent*, std::string> read(std::string_view data);

 private:
  bool read_choice(JsonValue choice);

  JsonParser parser_;
  StreamEvent event_;
};

inline constexpr std::string_view kDone = "[DONE]";

}  // namespace dujiang::api
