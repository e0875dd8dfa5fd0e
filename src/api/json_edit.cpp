#include "api/json_edit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ascii.hpp"

namespace dujiang::api {
namespace {

// Walks over a valid text; never past the end of any.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  std::size_t at() const { return at_; }
  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  void advance() {
    if (!at_end()) ++at_;
  }
  std::string_view since(std::size_t start) const { return text_.substr(start, at_ - start); }
  std::string_view rest() const { return text_.substr(at_); }

  std::string_view space() {
    const std::size_t start = at_;
    while (!at_end() && base::is_space(text_[at_])) ++at_;
    return since(start);
  }

  std::string_view value() {
    const std::size_t start = at_;
    switch (peek()) {
      case '"':
        skip_string();
        break;
      case '{':
      case '[':
        skip_nested();
        break;
      default:
        while (!at_end() && !is_delimiter(text_[at_])) ++at_;
    }
    return since(start);
  }

 private:
  static bool is_delimiter(char c) {
    return c == ',' || c == ']' || c == '}' || c == ':' || base::is_space(c);
  }

  // Looks for quotes, since most texts are long and have few, and then whether each is escaped.
  void skip_string() {
    const std::size_t first = at_ + 1;
    at_ = text_.size();
    for (std::size_t quote = text_.find('"', first); quote != std::string_view::npos;
         quote = text_.find('"', quote + 1)) {
      std::size_t backslashes = 0;
      while (quote - backslashes > first && text_[quote - backslashes - 1] == '\\') ++backslashes;
      if (backslashes % 2 != 0) continue;
      at_ = quote + 1;
      return;
    }
  }

  void skip_nested() {
    std::size_t depth = 0;
    while (!at_end()) {
      const char c = text_[at_];
      if (c == '"') {
        skip_string();
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string_view inside_quotes(std::string_view literal) {
  return literal.size() < 2 ? std::string_view{} : literal.substr(1, literal.size() - 2);
}

void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

std::uint32_t code_unit(std::string_view digits) {
  std::uint32_t unit = 0xfffd;
  const char* first = digits.data();
  if (digits.size() >= 4) std::from_chars(first, first + 4, unit, 16);
  return unit;
}

std::string unescape(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\' || i + 1 >= raw.size()) {
      out += raw[i];
      continue;
    }
    const char c = raw[++i];
    constexpr std::string_view kNames = "bfnrt";
    constexpr std::string_view kValues = "\b\f\n\r\t";
    if (c == 'u') {
      std::uint32_t unit = code_unit(raw.substr(i + 1));
      i += 4;
      if (unit >= 0xd800 && unit <= 0xdbff && raw.substr(std::min(i + 1, raw.size())).starts_with("\\u")) {
        const std::uint32_t low = code_unit(raw.substr(i + 3));
        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        i += 6;
      }
      append_utf8(out, unit);
    } else if (const auto at = kNames.find(c); at != std::string_view::npos) {
      out += kValues[at];
    } else {
      out += c;
    }
  }
  return out;
}

// Length of the well-formed UTF-8 character at the front, or 0.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned char>(i < text.size() ? text[i] : '\0');
  };
  const unsigned char lead = byte(0);
  std::size_t length = 0;
  if (lead >= 0xc2 && lead <= 0xdf) length = 2;
  if (lead >= 0xe0 && lead <= 0xef) length = 3;
  if (lead >= 0xf0 && lead <= 0xf4) length = 4;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)) return 0;
  if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) return 0;
  return length;
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
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      if (static_cast<unsigned char>(c) < 0x20) {
        out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      } else {
        out += c;
      }
  }
}

}  // namespace

std::vector<JsonMember> json_members(std::string_view object) {
  std::vector<JsonMember> out;
  Cursor cursor(object);
  cursor.space();
  if (cursor.peek() != '{') return out;
  do {
    cursor.advance();
    cursor.space();
    if (cursor.peek() != '"') break;
    const std::string_view key = cursor.value();
    cursor.space();
    cursor.advance();
    cursor.space();
    out.push_back({.key = inside_quotes(key), .value = cursor.value()});
    cursor.space();
  } while (cursor.peek() == ',');
  return out;
}

std::vector<std::string_view> json_elements(std::string_view array) {
  std::vector<std::string_view> out;
  Cursor cursor(array);
  cursor.space();
  if (cursor.peek() != '[') return out;
  do {
    cursor.advance();
    cursor.space();
    const std::string_view value = cursor.value();
    if (value.empty()) break;
    out.push_back(value);
    cursor.space();
  } while (cursor.peek() == ',');
  return out;
}

bool json_key_is(std::string_view raw_key, std::string_view name) {
  if (raw_key == name) return true;
  return raw_key.contains('\\') && unescape(raw_key) == name;
}

std::string json_quote(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  out += '"';
  while (!text.empty()) {
    const char c = text.front();
    std::size_t length = 1;
    if (static_cast<unsigned char>(c) < 0x80) {
      append_escaped(out, c);
    } else if (length = utf8_length(text); length != 0) {
      out += text.substr(0, length);
    } else {
      append_utf8(out, 0xfffd);
      length = 1;
    }
    text.remove_prefix(length);
  }
  out += '"';
  return out;
}

std::string json_unquote(std::string_view literal) { return unescape(inside_quotes(literal)); }

bool JsonObjectEdit::Entry::is(std::string_view name) const {
  if (removed) return false;
  return own_key ? *own_key == name : json_key_is(key, name);
}

JsonObjectEdit::JsonObjectEdit(std::string_view object) : original_(object) {
  Cursor cursor(object);
  cursor.space();
  cursor.advance();
  head_ = cursor.since(0);
  std::string_view before = cursor.space();
  while (cursor.peek() == '"') {
    Entry entry;
    entry.before = before;
    entry.key = inside_quotes(cursor.value());
    const std::size_t colon = cursor.at();
    cursor.space();
    cursor.advance();
    cursor.space();
    entry.between = cursor.since(colon);
    entry.value = cursor.value();
    entry.after = cursor.space();
    entries_.push_back(std::move(entry));
    if (cursor.peek() != ',') break;
    cursor.advance();
    before = cursor.space();
  }
  tail_ = cursor.rest();
}

const JsonObjectEdit::Entry* JsonObjectEdit::find(std::string_view key) const {
  const auto it = std::ranges::find_if(entries_, [&](const Entry& e) { return e.is(key); });
  return it == entries_.end() ? nullptr : &*it;
}

JsonObjectEdit::Entry* JsonObjectEdit::find(std::string_view key) {
  return const_cast<Entry*>(std::as_const(*this).find(key));
}

std::optional<std::string_view> JsonObjectEdit::get(std::string_view key) const {
  const Entry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  return entry->current();
}

void JsonObjectEdit::set(std::string_view key, std::string value) {
  Entry* first = find(key);
  changed_ = true;
  if (first == nullptr) {
    Entry entry;
    entry.own_key = std::string(key);
    entry.own_value = std::move(value);
    entries_.push_back(std::move(entry));
    return;
  }
  first->own_value = std::move(value);
  for (Entry& entry : entries_) {
    if (&entry != first && entry.is(key)) entry.removed = true;
  }
}

void JsonObjectEdit::remove(std::string_view key) {
  for (Entry& entry : entries_) {
    if (!entry.is(key)) continue;
    entry.removed = true;
    changed_ = true;
  }
}

void JsonObjectEdit::rename(std::string_view key, std::string_view new_key) {
  if (key == new_key || find(key) == nullptr) return;
  remove(new_key);
  find(key)->own_key = std::string(new_key);
  changed_ = true;
}

std::string JsonObjectEdit::text() const {
  if (!changed_) return std::string(original_);
  std::string out;
  out.reserve(original_.size() + 64);
  out += head_;
  bool first = true;
  for (const Entry& entry : entries_) {
    if (entry.removed) continue;
    if (!first) out += ',';
    first = false;
    out += entry.before;
    if (entry.own_key) {
      out += json_quote(*entry.own_key);
    } else {
      out += '"';
      out += entry.key;
      out += '"';
    }
    out += entry.between;
    out += entry.current();
    out += entry.after;
  }
  out += tail_;
  return out;
}

}  // namespace dujiang::api
