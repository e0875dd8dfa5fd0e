// OpenAI's error envelope: a body, an event inside a stream, and the headers that tell SDKs what to do.
#pragma once

#include <string>
#include <string_view>

#include "api/error.hpp"
#include "http/headers.hpp"

namespace dujiang::api::openai {

// {"error":{"message":…,"type":…,"param":…,"code":…}}
std::string error_body(const ApiError& error);

// `data: {"error":…}` with the blank line: the one explicit end of a stream that failed after its first
// content.
std::string error_event(const ApiError& error);

// x-should-retry, and Retry-After with retry-after-ms where the error has one, at most 60 s (rule 5).
void add_error_headers(const ApiError& error, http::Headers& headers);

}  // namespace dujiang::api::openai
