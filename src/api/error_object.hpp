// Error objects in the shapes that upstreams send: nested as OpenAI does it, flat, or a mere string.
#pragma once

#include <optional>
#include <string>

#include "api/json.hpp"

namespace dujiang::api {

struct ErrorObject {
  std::string message;
  std::string type;
  std::string code;  // numbers as text: "50508"
  std::optional<std::string> param;
};

// Whether JSON found under a 200 is an error and not an answer: `error` is set, or there is a message with a
// code and nothing that an answer has.
bool is_error_object(JsonValue root);

// Reads the body of an error answer; nothing where it says nothing.
std::optional<ErrorObject> read_error_object(JsonValue root);

}  // namespace dujiang::api
