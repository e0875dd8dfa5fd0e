#include "api/single_chunk.hpp"

#include "api/json_edit.hpp"

namespace dujiang::api {
namespace {

// In a chunk each tool call says its index, so that its pieces find together.
std::string indexed(std::string_view tool_calls) {
  std::string out = "[";
  std::size_t index = 0;
  for (const std::string_view call : json_elements(tool_calls)) {
    JsonObjectEdit edit(call);
    if (!edit.get("index")) edit.set("index", std::to_string(index));
    if (index++ > 0) out += ',';
    out += edit.text();
  }
  return out + "]";
}

std::string as_delta(std::string_view choice) {
  JsonObjectEdit edit(choice);
  if (const auto message = edit.get("message")) {
    JsonObjectEdit delta(*message);
    const auto calls = delta.get("tool_calls");
    if (calls && calls->starts_with('[')) delta.set("tool_calls", indexed(*calls));
    const std::string text = delta.text();
    edit.rename("message", "delta");
    edit.set("delta", text);
  }
  return edit.text();
}

}  // namespace

std::string single_chunk(std::string_view answer) {
  JsonObjectEdit edit(answer);
  if (const auto object = edit.get("object"); object && json_unquote(*object) == "chat.completion") {
    edit.set("object", json_quote("chat.completion.chunk"));
  }
  if (const auto choices = edit.get("choices")) {
    std::string deltas = "[";
    for (const std::string_view choice : json_elements(*choices)) {
      if (deltas.size() > 1) deltas += ',';
      deltas += as_delta(choice);
    }
    edit.set("choices", deltas + "]");
  }
  return edit.text();
}

}  // namespace dujiang::api
