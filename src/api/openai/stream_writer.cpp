#include "api/openai/stream_writer.hpp"

#include <algorithm>

#include "api/json_edit.hpp"

namespace dujiang::api::openai {
namespace {

// Line breaks in valid JSON are whitespace between tokens; as one line the event suits the simplest clients.
void append_one_line(std::string& out, std::string_view json) {
  const std::size_t start = out.size();
  out += "data: ";
  out += json;
  std::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(start), out.end(),
      [](char c) { return c == '\n' || c == '\r'; }, ' ');
  out += "\n\n";
}

}  // namespace

void StreamWriter::append(std::string& out, const StreamEvent& event) const {
  if (event.usage_only() && !show_usage_) return;
  const bool other_id = identity_.id && *identity_.id != event.id;
  const bool other_model = identity_.model && *identity_.model != event.model;
  const bool other_created = identity_.created && identity_.created != event.created;
  if (event.error || (!other_id && !other_model && !other_created)) {
    append_one_line(out, event.raw);
    return;
  }
  JsonObjectEdit edit(event.raw);
  if (other_id) edit.set("id", json_quote(*identity_.id));
  if (other_model) edit.set("model", json_quote(*identity_.model));
  if (other_created) edit.set("created", std::to_string(*identity_.created));
  append_one_line(out, edit.text());
}

std::string late_headers_comment(const http::Headers& headers) {
  if (headers.empty()) return {};
  std::string out = ":";
  for (const http::Field& field : headers) {
    if (out.size() > 1) out += ';';
    out += ' ';
    out += field.name;
    out += ": ";
    out += field.value;
  }
  std::ranges::replace_if(out, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  out += "\n\n";
  return out;
}

}  // namespace dujiang::api::openai
