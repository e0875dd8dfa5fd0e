// An error as a caller sees it, whatever the wire format that carries it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.hpp"

namespace dujiang::api {

struct ApiError {
  int status = 500;                           // HTTP status
  std::string type = "api_error";             // the class: "invalid_request_error", "rate_limit_error", ...
  std::string code;                           // machine-readable cause; empty: null on the wire
  std::string message;                        // what happened and what to do
  std::optional<std::string> param;           // the field that is wrong
  bool should_retry = false;                  // whether the caller's SDK should send the request again
  std::optional<base::Duration> retry_after;  // when; capped at 60 s on the wire (rule 5)
};

// The caller's own mistake in a field of the request, 400.
inline ApiError invalid_request(std::string message, std::optional<std::string> param = std::nullopt,
                                std::string code = "invalid_request_error", int status = 400) {
  ApiError error;
  error.status = status;
  error.type = "invalid_request_error";
  error.code = std::move(code);
  error.message = std::move(message);
  error.param = std::move(param);
  return error;
}

}  // namespace dujiang::api
