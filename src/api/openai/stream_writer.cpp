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

void StreamWriter::append(std::string& out, const StreamEvent& event) {
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

void StreamWriter::append_end(std::string& out) { out += "data: [DONE]\n\n"; }

void append_comment(std::string& out, std::string_view text) {
  out += ": ";
  const std::size_t start = out.size();
  out += text;
  std::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(start), out.end(),
      [](char c) { return c == '\n' || c == '\r'; }, ' ');
  out += "\n\n";
}

std::string late_headers_comment(const http::Headers& headers) {
  if (headers.empty()) return {};
  std::string fields;
  for (const http::Field& field : headers) {
    if (!fields.empty()) fields += "; ";
    fields.append(field.name).append(": ").append(field.value);
  }
  std::string out;
  append_comment(out, fields);
  return out;
}

}  // namespace dujiang::api::openai
