// Changing single members of a JSON text and leaving all its other bytes as they came.
//
// Everything here works on texts that JsonParser has accepted; on others the result is unspecified (but no
// memory outside the text is touched).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dujiang::api {

struct JsonMember {
  std::string_view key;    // between its quotes, escapes as they came
  std::string_view value;  // from its first byte to its last
};

// Members of an object, or elements of an array, in order, as spans of `text`.
std::vector<JsonMember> json_members(std::string_view object);
std::vector<std::string_view> json_elements(std::string_view array);

// Whether a key as it stands in a text (with escapes) is `name`.
bool json_key_is(std::string_view raw_key, std::string_view name);

// `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
std::string json_quote(std::string_view text);

// The text of a JSON string literal, quotes included in `literal`, escapes resolved.
std::string json_unquote(std::string_view literal);

// Edits of one object, collected and then applied in one pass.
class JsonObjectEdit {
 public:
  // REQUIRES: `object` is valid JSON, an object, and outlives this.
  explicit JsonObjectEdit(std::string_view object);

  // The value's text as it is after the edits so far, valid until the next edit; nothing if there is none.
  std::optional<std::string_view> get(std::string_view key) const;

  // Replaces the value of `key` (of all members of that name, by one), or appends the member.
  void set(std::string_view key, std::string value);
  void remove(std::string_view key);

  // Gives a member another name, keeping its value and place; what had the new name before is removed.
  void rename(std::string_view key, std::string_view new_key);

  bool changed() const { return changed_; }

  // The object with all edits; the original bytes where nothing changed.
  std::string text() const;

 private:
  // One member, cut so that all entries with their parts make up the original text again.
  struct Entry {
    std::string_view before;  // whitespace before the key
    std::string_view key;     // between its quotes, escapes as they came
    std::string_view between = ":";
    std::string_view value;
    std::string_view after;  // whitespace before the comma or brace
    std::optional<std::string> own_key{};
    std::optional<std::string> own_value{};
    bool removed = false;

    bool is(std::string_view name) const;
    std::string_view current() const { return own_value ? std::string_view(*own_value) : value; }
  };
  Entry* find(std::string_view key);
  const Entry* find(std::string_view key) const;

  std::string_view original_;
  std::string_view head_;  // up to the opening brace
  std::string_view tail_;  // from the closing brace
  std::vector<Entry> entries_;
  bool changed_ = false;
};

}  // namespace dujiang::api
