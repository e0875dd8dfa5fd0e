// Reading JSON: a validating parser and views into what it parsed.
//
// The whole text is checked: structure, UTF-8, escapes, numbers and depth. What is skipped by readers has
// been checked too, so a text that parsed may be forwarded as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace dujiang::api {

struct JsonError {
  std::string what;        // "a ',' or '}' is missing"
  std::size_t offset = 0;  // byte position in the text, from 0
};

enum class JsonType : std::uint8_t { object, array, string, integer, number, boolean, null };

// "an object", "a string", ...
std::string_view describe(JsonType type);

// A value inside a parsed text; valid until its parser parses again or dies.
class JsonValue {
 public:
  JsonType type() const;
  bool is_object() const { return type() == JsonType::object; }
  bool is_array() const { return type() == JsonType::array; }
  bool is_null() const { return type() == JsonType::null; }

  // The value if it is of that type. Strings are unescaped UTF-8. `number` takes integers too; `integer`
  // takes what fits into 64 signed bits.
  std::optional<std::string_view> string() const;
  std::optional<std::int64_t> integer() const;
  std::optional<double> number() const;
  std::optional<bool> boolean() const;

  // The first member of that name; nothing where this is no object.
  std::optional<JsonValue> find(std::string_view key) const;

  // Number of members or elements; 0 for scalars.
  std::size_t size() const;

  // Calls visit(key, value) for each member in order; nothing where this is no object.
  template <class F>
  void for_each_member(F&& visit) const {
    each_member([](void* context, std::string_view key,
                   JsonValue value) { (*static_cast<std::remove_reference_t<F>*>(context))(key, value); },
                &visit);
  }

  // Calls visit(value) for each element in order; nothing where this is no array.
  template <class F>
  void for_each_element(F&& visit) const {
    each_element(
        [](void* context, JsonValue value) { (*static_cast<std::remove_reference_t<F>*>(context))(value); },
        &visit);
  }

 private:
  friend class JsonParser;
  JsonValue() = default;
  void each_member(void (*visit)(void*, std::string_view, JsonValue), void* context) const;
  void each_element(void (*visit)(void*, JsonValue), void* context) const;

  // The parser library's element, kept as bytes so that its header stays in json.cpp.
  alignas(8) std::byte storage_[16]{};
  friend struct JsonAccess;
};

// The first of `names` (at most 64) that stands twice in an object. Of such a member one reader takes the
// first value and another the last: what we read must not be read otherwise by whom we pass it on to.
std::optional<std::string_view> doubled_key(JsonValue object, std::span<const std::string_view> names);

// Deeper nesting than this is refused.
inline constexpr std::size_t kMaxJsonDepth = 256;

// Borrows its memory from its thread with the first text, and gives it back when it dies: parsers that come
// and go with each text allocate nothing.
class JsonParser {
 public:
  JsonParser();
  ~JsonParser();
  JsonParser(JsonParser&&) noexcept;
  JsonParser& operator=(JsonParser&&) noexcept;

  // The root of `text`, which is copied as far as needed: it may die at once.
  std::expected<JsonValue, JsonError> parse(std::string_view text);

 private:
  struct State;
  struct GiveBack {
    void operator()(State* state) const;
  };
  std::unique_ptr<State, GiveBack> state_;
};

// Where `text` stops being JSON and why; nothing if it is valid. Slow and exact, for error messages.
std::optional<JsonError> locate_json_error(std::string_view text);

}  // namespace dujiang::api
