#include "support/chat_answer.hpp"

#include <boost/json.hpp>

namespace dujiang::testing {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

const json::object* object_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

void read_error(const json::object& error, ChatAnswer& answer) {
  ++answer.errors;
  answer.error_message = text_of(error, "message");
  answer.error_type = text_of(error, "type");
  answer.error_code = text_of(error, "code");
  answer.error_param = text_of(error, "param");
}

// A whole answer says `message`, a chunk `delta`.
void read_choice(const json::object& choice, std::string_view part, ChatAnswer& answer) {
  if (const json::object* said = object_of(choice, part)) {
    answer.content += text_of(*said, "content");
    answer.reasoning += text_of(*said, "reasoning_content");
  }
  answer.content += text_of(choice, "text");
  if (std::string reason = text_of(choice, "finish_reason"); !reason.empty()) answer.finish_reason = reason;
}

void read_object(std::string_view text, std::string_view part, ChatAnswer& answer) {
  json::error_code failed;
  const json::value root = json::parse(json::string_view(text.data(), text.size()), failed);
  if (failed || !root.is_object()) {
    answer.problem = "no JSON object: " + std::string(text.substr(0, 200));
    return;
  }
  const json::object& object = root.get_object();
  if (const json::object* error = object_of(object, "error")) {
    read_error(*error, answer);
    return;
  }
  if (answer.id.empty()) answer.id = text_of(object, "id");
  if (answer.id != text_of(object, "id")) answer.problem = "the id changes within the answer";
  answer.model = text_of(object, "model");
  if (object_of(object, "usage") != nullptr) answer.usage = true;
  const json::value* choices = object.if_contains("choices");
  if (choices == nullptr || !choices->is_array()) return;
  if (choices->get_array().empty()) ++answer.choiceless;
  for (const json::value& choice : choices->get_array()) {
    if (!choice.is_object()) continue;
    const json::value* index = choice.get_object().if_contains("index");
    if (index != nullptr && index->is_int64() && index->get_int64() != 0) continue;
    read_choice(choice.get_object(), part, answer);
  }
}

void read_event(std::string_view event, ChatAnswer& answer) {
  constexpr std::string_view kData = "data: ";
  if (event.starts_with(':')) {
    answer.comments.emplace_back(event);
  } else if (answer.dones > 0) {
    answer.problem = "an event after [DONE]: " + std::string(event.substr(0, 200));
  } else if (event == "data: [DONE]") {
    ++answer.dones;
  } else if (event.starts_with(kData) && !event.contains('\n')) {
    read_object(event.substr(kData.size()), "delta", answer);
  } else {
    answer.problem = "not one line of data: " + std::string(event.substr(0, 200));
  }
}

}  // namespace

ChatAnswer read_whole(std::string_view body) {
  ChatAnswer answer;
  read_object(body, "message", answer);
  return answer;
}

ChatAnswer read_stream(std::string_view body) {
  constexpr std::string_view kEventEnd = "\n\n";
  ChatAnswer answer;
  while (!body.empty()) {
    const std::size_t end = body.find(kEventEnd);
    if (end == std::string_view::npos) {
      answer.problem = "the last event is cut off: " + std::string(body.substr(0, 200));
      break;
    }
    read_event(body.substr(0, end), answer);
    body.remove_prefix(end + kEventEnd.size());
  }
  return answer;
}

}  // namespace dujiang::testing
