// What a caller makes of an answer of the chat API, read without any of the gateway's own parsers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dujiang::testing {

struct ChatAnswer {
  // What is wrong with the form: no JSON, an event cut off, anything after [DONE]. Empty: it is sound.
  std::string problem;

  std::string id;
  std::string model;
  std::string content;  // of the first choice
  std::string reasoning;
  std::string finish_reason;
  bool usage = false;
  std::size_t choiceless = 0;  // chunks with `choices: []`

  std::size_t dones = 0;
  std::vector<std::string> comments;

  // An error object: the body itself, or an event among the others.
  std::size_t errors = 0;
  std::string error_message;
  std::string error_type;
  std::string error_code;
  std::string error_param;
};

ChatAnswer read_whole(std::string_view body);
ChatAnswer read_stream(std::string_view body);

}  // namespace dujiang::testing
