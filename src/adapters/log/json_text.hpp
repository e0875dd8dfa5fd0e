// JSON written by hand, safe for any bytes: what comes out is one line of valid JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dujiang::adapters::log {

// Appends `bytes` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD; control
// characters and all that some reader takes for the end of a line are escaped; what is longer than
// `max_bytes` ends with "…".
void append_json_string(std::string& out, std::string_view bytes, std::size_t max_bytes = 1024);

// One object, field by field.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  void field(std::string_view name, std::string_view value);
  void field(std::string_view name, bool value);
  void field(std::string_view name, std::uint64_t value);
  void field(std::string_view name, int value);
  // Rounded to microseconds.
  void seconds(std::string_view name, double value);
  // The caller appends the value itself. `name` is plain and short: it is not escaped.
  void begin_field(std::string_view name);
  void end() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace dujiang::adapters::log
