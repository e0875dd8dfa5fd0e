#include "api/error_object.hpp"

namespace dujiang::api {
namespace {

std::string text_or_number(JsonValue object, std::string_view key) {
  const auto value = object.find(key);
  if (!value) return {};
  if (const auto text = value->string()) return std::string(*text);
  if (const auto number = value->integer()) return std::to_string(*number);
  return {};
}

ErrorObject read_fields(JsonValue object) {
  ErrorObject out;
  out.message = text_or_number(object, "message");
  out.type = text_or_number(object, "type");
  out.code = text_or_number(object, "code");
  if (const auto param = object.find("param")) out.param = param->string();
  return out;
}

// FastAPI's `detail`: a string, or a list of objects with `msg`.
std::string read_detail(JsonValue detail) {
  if (const auto text = detail.string()) return std::string(*text);
  std::string out;
  detail.for_each_element([&](JsonValue item) {
    const std::string text = text_or_number(item, "msg");
    if (!out.empty() && !text.empty()) out += "; ";
    out += text;
  });
  return out;
}

bool has_array(JsonValue root, std::string_view key) {
  const auto value = root.find(key);
  return value && value->is_array();
}

}  // namespace

bool is_error_object(JsonValue root) {
  if (const auto nested = root.find("error")) return !nested->is_null();
  if (root.find("choices") || has_array(root, "data")) return false;
  const auto message = root.find("message");
  return message && message->string() && (root.find("code") || text_or_number(root, "object") == "error");
}

std::optional<ErrorObject> read_error_object(JsonValue root) {
  ErrorObject out;
  const auto nested = root.find("error");
  if (nested && nested->is_object()) {
    out = read_fields(*nested);
  } else if (root.is_object()) {
    out = read_fields(root);
    if (nested && out.message.empty()) out.message = text_or_number(root, "error");
    if (const auto detail = root.find("detail"); detail && out.message.empty())
      out.message = read_detail(*detail);
  } else if (const auto text = root.string()) {
    out.message = *text;
  }
  if (out.message.empty() && out.type.empty() && out.code.empty()) return std::nullopt;
  return out;
}

}  // namespace dujiang::api
