#include "api/json.hpp"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

namespace dujiang::api {

using simdjson::dom::element;
using simdjson::dom::element_type;

static_assert(sizeof(element) == 16 && alignof(element) <= 8 && std::is_trivially_copyable_v<element>,
              "JsonValue keeps the library's element as bytes");

struct JsonAccess {
  static element get(const JsonValue& value) {
    element out;
    std::memcpy(static_cast<void*>(&out), value.storage_, sizeof(out));
    return out;
  }
  static JsonValue make(const element& from) {
    JsonValue value;
    std::memcpy(value.storage_, static_cast<const void*>(&from), sizeof(from));
    return value;
  }
};

namespace {

// Memory that has grown beyond this for a large text is not kept.
constexpr std::size_t kKeepCapacity = 1u << 20;
constexpr std::size_t kFirstCapacity = 4096;
constexpr std::size_t kKept = 8;

}  // namespace

std::string_view describe(JsonType type) {
  switch (type) {
    case JsonType::object:
      return "an object";
    case JsonType::array:
      return "an array";
    case JsonType::string:
      return "a string";
    case JsonType::integer:
      return "an integer";
    case JsonType::number:
      return "a number";
    case JsonType::boolean:
      return "a boolean";
    case JsonType::null:
      return "null";
  }
  std::unreachable();
}

JsonType JsonValue::type() const {
  switch (JsonAccess::get(*this).type()) {
    case element_type::OBJECT:
      return JsonType::object;
    case element_type::ARRAY:
      return JsonType::array;
    case element_type::STRING:
      return JsonType::string;
    case element_type::INT64:
    case element_type::UINT64:
      return JsonType::integer;
    case element_type::DOUBLE:
      return JsonType::number;
    case element_type::BOOL:
      return JsonType::boolean;
    case element_type::NULL_VALUE:
      return JsonType::null;
  }
  std::unreachable();
}

std::optional<std::string_view> JsonValue::string() const {
  std::string_view out;
  if (JsonAccess::get(*this).get_string().get(out) != simdjson::SUCCESS) return std::nullopt;
  return out;
}

std::optional<std::int64_t> JsonValue::integer() const {
  std::int64_t out = 0;
  if (JsonAccess::get(*this).get_int64().get(out) != simdjson::SUCCESS) return std::nullopt;
  return out;
}

std::optional<double> JsonValue::number() const {
  double out = 0;
  if (JsonAccess::get(*this).get_double().get(out) != simdjson::SUCCESS) return std::nullopt;
  return out;
}

std::optional<bool> JsonValue::boolean() const {
  bool out = false;
  if (JsonAccess::get(*this).get_bool().get(out) != simdjson::SUCCESS) return std::nullopt;
  return out;
}

std::optional<JsonValue> JsonValue::find(std::string_view key) const {
  simdjson::dom::object object;
  if (JsonAccess::get(*this).get_object().get(object) != simdjson::SUCCESS) return std::nullopt;
  element out;
  if (object.at_key(key).get(out) != simdjson::SUCCESS) return std::nullopt;
  return JsonAccess::make(out);
}

std::size_t JsonValue::size() const {
  // Counted by hand: the library's own size() saturates at 24 bits.
  std::size_t count = 0;
  if (is_object()) {
    for_each_member([&](std::string_view, JsonValue) { ++count; });
  } else {
    for_each_element([&](JsonValue) { ++count; });
  }
  return count;
}

void JsonValue::each_member(void (*visit)(void*, std::string_view, JsonValue), void* context) const {
  simdjson::dom::object object;
  if (JsonAccess::get(*this).get_object().get(object) != simdjson::SUCCESS) return;
  for (auto [key, value] : object) visit(context, key, JsonAccess::make(value));
}

void JsonValue::each_element(void (*visit)(void*, JsonValue), void* context) const {
  simdjson::dom::array array;
  if (JsonAccess::get(*this).get_array().get(array) != simdjson::SUCCESS) return;
  for (element value : array) visit(context, JsonAccess::make(value));
}

std::optional<std::string_view> doubled_key(JsonValue object, std::span<const std::string_view> names) {
  std::optional<std::string_view> found;
  std::uint64_t seen = 0;
  object.for_each_member([&](std::string_view key, JsonValue) {
    const auto it = std::ranges::find(names, key);
    if (it == names.end()) return;
    const std::uint64_t bit = std::uint64_t{1} << (it - names.begin());
    if ((seen & bit) != 0 && !found) found = *it;
    seen |= bit;
  });
  return found;
}

struct JsonParser::State {
  simdjson::dom::parser parser;

  // What nobody uses now.
  static std::vector<std::unique_ptr<State>>& kept() {
    thread_local std::vector<std::unique_ptr<State>> states;
    return states;
  }
};

void JsonParser::GiveBack::operator()(State* state) const {
  std::unique_ptr<State> owned(state);
  auto& kept = State::kept();
  if (kept.size() < kKept && owned->parser.capacity() <= kKeepCapacity) kept.push_back(std::move(owned));
}

JsonParser::JsonParser() = default;
JsonParser::~JsonParser() = default;
JsonParser::JsonParser(JsonParser&&) noexcept = default;
JsonParser& JsonParser::operator=(JsonParser&&) noexcept = default;

std::expected<JsonValue, JsonError> JsonParser::parse(std::string_view text) {
  if (auto& kept = State::kept(); !state_ && !kept.empty()) {
    state_.reset(kept.back().release());
    kept.pop_back();
  } else if (!state_) {
    state_.reset(std::make_unique<State>().release());
    if (state_->parser.allocate(kFirstCapacity, kMaxJsonDepth) != simdjson::SUCCESS) {
      return std::unexpected(JsonError{.what = "there is no memory to parse it", .offset = 0});
    }
  }
  element root;
  const auto error = state_->parser.parse(text.data(), text.size(), true).get(root);
  if (error == simdjson::SUCCESS) return JsonAccess::make(root);
  if (auto where = locate_json_error(text)) return std::unexpected(*std::move(where));
  return std::unexpected(JsonError{.what = simdjson::error_message(error), .offset = 0});
}

}  // namespace dujiang::api
