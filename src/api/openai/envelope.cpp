#include "api/openai/envelope.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "api/json_edit.hpp"
#include "api/sse.hpp"

namespace dujiang::api::openai {
namespace {

constexpr base::Duration kLongestRetryAfter = std::chrono::seconds(60);

std::string quote_or_null(const std::optional<std::string>& text) {
  return text ? json_quote(*text) : "null";
}

}  // namespace

std::string error_body(const ApiError& error) {
  const auto code = error.code.empty() ? std::nullopt : std::optional(error.code);
  return fmt::format(R"({{"error":{{"message":{},"type":{},"param":{},"code":{}}}}})",
                     json_quote(error.message), json_quote(error.type), quote_or_null(error.param),
                     quote_or_null(code));
}

std::string error_event(const ApiError& error) {
  std::string out;
  append_sse_event(out, error_body(error));
  return out;
}

void add_error_headers(const ApiError& error, http::Headers& headers) {
  headers.set("x-should-retry", error.should_retry ? "true" : "false");
  if (!error.retry_after) return;
  const auto wait = std::clamp(*error.retry_after, base::Duration::zero(), kLongestRetryAfter);
  headers.set("retry-after", std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count()));
  headers.set("retry-after-ms", std::to_string(std::chrono::ceil<std::chrono::milliseconds>(wait).count()));
}

}  // namespace dujiang::api::openai
