#include "config/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace dujiang::config {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Whether YAML reads the text as that very string without quotes.
bool needs_no_quotes(std::string_view text) {
  if (text.empty() || !is_word(text.front()) || text.ends_with(':')) return false;
  if (!std::ranges::all_of(
          text, [](char c) { return is_word(c) || c == '.' || c == '/' || c == ':' || c == '-'; })) {
    return false;
  }
  for (std::string_view word : {"null", "Null", "NULL", "true", "false", "off"}) {
    if (text == word) return false;
  }
  return true;
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
      } else {
        out += c;
      }
  }
}

bool is_flow(const Value& list) {
  return std::ranges::all_of(list.items, [](const Value& item) { return item.kind == Value::Kind::scalar; });
}

void append_map(std::string& out, const Value& map, std::size_t indent, bool first_on_line);

void append_list(std::string& out, const Value& list, std::size_t indent) {
  for (const Value& item : list.items) {
    out += std::string(indent, ' ') + "- ";
    if (item.kind == Value::Kind::map) {
      append_map(out, item, indent + 2, true);
    } else {
      out += to_line(item) + "\n";
    }
  }
}

// `first_on_line`: the indentation of the first entry stands already.
void append_map(std::string& out, const Value& map, std::size_t indent, bool first_on_line) {
  for (const auto& [key, value] : map.entries) {
    if (value.kind == Value::Kind::absent) continue;
    if (!first_on_line) out += std::string(indent, ' ');
    first_on_line = false;
    out += key + ":";
    if (value.kind == Value::Kind::map) {
      out += "\n";
      append_map(out, value, indent + 2, false);
    } else if (value.kind == Value::Kind::list && !is_flow(value)) {
      out += "\n";
      append_list(out, value, indent + 2);
    } else {
      out += " " + to_line(value) + "\n";
    }
  }
}

}  // namespace

Value Value::plain(std::string text) {
  Value value;
  value.kind = Kind::scalar;
  value.text = std::move(text);
  return value;
}

Value Value::string(std::string_view text) {
  if (needs_no_quotes(text)) return plain(std::string(text));
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '$') out += '$';
    append_escaped(out, text[i]);
  }
  return plain(out + "\"");
}

std::string to_yaml(const Value& map) {
  std::string out;
  append_map(out, map, 0, false);
  return out;
}

std::string to_line(const Value& value) {
  switch (value.kind) {
    case Value::Kind::absent:
      return "";
    case Value::Kind::scalar:
      return value.text;
    case Value::Kind::list: {
      std::string out = "[";
      for (const Value& item : value.items) out += (out.size() > 1 ? ", " : "") + to_line(item);
      return out + "]";
    }
    case Value::Kind::map:
      return "{…}";
  }
  return "";
}

}  // namespace dujiang::config
