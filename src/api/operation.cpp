#include "api/operation.hpp"

#include <utility>

namespace dujiang::api {
namespace {

struct Fixed {
  std::string_view path;
  std::string_view method;
  Operation operation;
};

// A base URL that ends in /beta makes an SDK look for the models there too.
constexpr std::array kFixed{
    Fixed{.path = "/chat/completions", .method = "POST", .operation = Operation::chat},
    Fixed{.path = "/beta/chat/completions", .method = "POST", .operation = Operation::beta_chat},
    Fixed{.path = "/completions", .method = "POST", .operation = Operation::completions},
    Fixed{.path = "/beta/completions", .method = "POST", .operation = Operation::beta_completions},
    Fixed{.path = "/embeddings", .method = "POST", .operation = Operation::embeddings},
    Fixed{.path = "/models", .method = "GET", .operation = Operation::models},
    Fixed{.path = "/beta/models", .method = "GET", .operation = Operation::models},
    Fixed{.path = "/user/balance", .method = "GET", .operation = Operation::balance},
};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// What is no percent-escape stays as it is.
std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && text.size() - i > 2) {
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

std::string_view allow(std::string_view method) {
  return method == "GET" ? "GET, HEAD, OPTIONS" : "POST, OPTIONS";
}

// Segments that mean another path than the one they stand in: an upstream would resolve them.
bool has_dot_segment(std::string_view path) {
  while (true) {
    const std::size_t end = path.find('/');
    const std::string_view segment = path.substr(0, end);
    if (segment == "." || segment == "..") return true;
    if (end == std::string_view::npos) return false;
    path.remove_prefix(end + 1);
  }
}

}  // namespace

std::string_view to_string(Operation operation) {
  switch (operation) {
    case Operation::chat:
      return "chat";
    case Operation::beta_chat:
      return "beta_chat";
    case Operation::completions:
      return "completions";
    case Operation::beta_completions:
      return "beta_completions";
    case Operation::embeddings:
      return "embeddings";
    case Operation::models:
      return "models";
    case Operation::model:
      return "model";
    case Operation::balance:
      return "balance";
  }
  std::unreachable();
}

bool has_body(Operation operation) { return generates(operation) || operation == Operation::embeddings; }

bool generates(Operation operation) {
  return operation == Operation::chat || operation == Operation::beta_chat ||
         operation == Operation::completions || operation == Operation::beta_completions;
}

PathMatch match_path(std::string_view method, std::string_view path) {
  if (method == "HEAD") method = "GET";
  constexpr std::string_view kVersion = "/v1";
  if (path.starts_with(kVersion) && path.substr(kVersion.size()).starts_with('/')) {
    path.remove_prefix(kVersion.size());
  }
  for (const Fixed& fixed : kFixed) {
    if (path != fixed.path) continue;
    if (method != fixed.method) return WrongMethod{.allow = allow(fixed.method)};
    return Matched{.operation = fixed.operation, .model = {}};
  }
  constexpr std::string_view kModel = "/models/";
  std::string_view below = path;
  if (below.starts_with("/beta/models/")) below.remove_prefix(5);
  if (below.starts_with(kModel) && below.size() > kModel.size()) {
    std::string model = percent_decode(below.substr(kModel.size()));
    if (has_dot_segment(model)) return UnknownPath{};
    if (method != "GET") return WrongMethod{.allow = allow("GET")};
    return Matched{.operation = Operation::model, .model = std::move(model)};
  }
  return UnknownPath{};
}

}  // namespace dujiang::api
