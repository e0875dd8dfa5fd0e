// What a request asks for, as far as the busy server understands it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace dujiang::sim {

enum class Form : std::uint8_t { chat, completion };

struct ChatRequest {
  Form form = Form::chat;
  std::string model;
  std::string prompt;  // what the answer is a function of
  bool stream = false;
  bool include_usage = false;
  bool json_mode = false;
  bool logprobs = false;
  std::optional<bool> thinking;           // said by the request
  std::optional<std::size_t> max_tokens;  // of thought and answer together
  unsigned choices = 1;                   // `n`, 1 to 16
  std::size_t prompt_tokens = 0;          // a quarter of the messages' bytes, and one
  std::optional<std::string> prefix;      // the beginning of the answer that has to be continued
  std::string reasoning_prefix;           // of the thought, beside it
  std::optional<std::string> tool;        // the function that the answer shall call
  std::string tool_parameter = "input";   // its first parameter
};

// What a refused request gets: a status and the message of the error envelope.
struct ApiError {
  int status = 400;
  std::string message;
};

// `beta`: on /beta, where prefix completion is allowed.
base::Result<ChatRequest, ApiError> parse_chat(std::string_view body, bool beta);
base::Result<ChatRequest, ApiError> parse_completion(std::string_view body);

struct EmbeddingsRequest {
  std::string model;
  std::vector<std::string> inputs;
  std::size_t dimensions = 64;  // 1 to 4096
  bool base64 = false;
};
base::Result<EmbeddingsRequest, ApiError> parse_embeddings(std::string_view body);

}  // namespace dujiang::sim
