// What a caller may ask for, and which request line asks for it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace dujiang::api {

enum class Operation : std::uint8_t {
  chat,              // POST /chat/completions
  beta_chat,         // POST /beta/chat/completions: the last message may be a prefix to go on from
  completions,       // POST /completions
  beta_completions,  // POST /beta/completions: fill in the middle
  embeddings,        // POST /embeddings
  models,            // GET /models
  model,             // GET /models/{id}
  balance,           // GET /user/balance
};

inline constexpr std::array kOperations{
    Operation::chat,       Operation::beta_chat, Operation::completions, Operation::beta_completions,
    Operation::embeddings, Operation::models,    Operation::model,       Operation::balance};

// A stable name for logs and metrics: "chat", "beta_chat", ...
std::string_view to_string(Operation operation);

// Whether the request has a JSON body that names a model.
bool has_body(Operation operation);

// Whether the answer is text that a model generates, so that it can be streamed.
bool generates(Operation operation);

struct Matched {
  Operation operation = Operation::chat;
  std::string model;  // Operation::model only: the id, percent-decoded; it may hold slashes
};
struct UnknownPath {};
struct WrongMethod {
  std::string_view allow;  // the value of the Allow header: "GET, HEAD, OPTIONS"
};
using PathMatch = std::variant<Matched, UnknownPath, WrongMethod>;

// Reads a request line: `path` without its query, with or without a leading "/v1". A HEAD is read as a GET.
PathMatch match_path(std::string_view method, std::string_view path);

}  // namespace dujiang::api
