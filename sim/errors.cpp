#include "sim/errors.hpp"

#include "sim/json_text.hpp"

namespace dujiang::sim {
namespace {

std::string balance_message(unsigned limit) {
  return "Too many requests. Your current concurrency is " + std::to_string(limit + 1) +
         ", which exceeds your concurrency limit of " + std::to_string(limit) +
         " based on your remaining balance. Please top up your balance to restore your concurrency.";
}

std::string published_message(unsigned limit) {
  return "Too many requests. Your current concurrency is " + std::to_string(limit + 1) +
         ", which exceeds the concurrency limit of " + std::to_string(limit) + " for this model.";
}

std::string key_message(std::string_view key, std::string_view uuid, bool with_id) {
  const std::string_view tail = key.size() < 4 ? "here" : key.substr(key.size() - 4);
  std::string out = "Authentication Fails, Your api key: ****" + std::string(tail) + " is invalid";
  if (with_id) out += " (request_id: " + std::string(uuid) + ")";
  return out;
}

ErrorPage gateway_page(int status) {
  const std::string title = status == 502 ? "502 Bad Gateway" : "504 Gateway Time-out";
  return {status, "text/html",
          "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title +
              "</h1></center>\r\n<hr><center>openresty</center>\r\n</body>\r\n</html>\r\n"};
}

ErrorPage other_host_page(const Directive& fault) {
  if (fault.is("ollama")) {
    return {.status = 503,
            .body = R"({"error":"server busy, please try again.  maximum pending requests exceeded"})"};
  }
  if (fault.is("llamacpp")) {
    return {.status = 503,
            .body = R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})"};
  }
  if (fault.is("openrouter")) return {.status = 200, .body = "{" + error_member(fault) + "}"};
  return {
      .status = 503,
      .body = R"({"code":50508,"message":"System is too busy now. Please try again later.","data":null})"};
}

}  // namespace

std::string envelope(std::string_view message, std::string_view type, std::string_view code) {
  return R"({"error":{"message":)" + quoted(message) + R"(,"type":)" + quoted(type) +
         R"(,"param":null,"code":)" + quoted(code) + "}}";
}

ErrorPage error_page(const Directive& fault, unsigned limit, std::string_view key, std::string_view uuid) {
  constexpr std::string_view kInvalid = "invalid_request_error";
  constexpr std::string_view kRateLimit = "rate_limit_error";
  switch (fault.fault) {
    case Fault::busy:
      return {.status = 503,
              .body = envelope(
                  "Service is too busy. We advise users to temporarily switch to alternative LLM API "
                  "service providers.",
                  "service_unavailable_error", "service_unavailable_error")};
    case Fault::balance_limit:
      return {.status = 429,
              .body = envelope(balance_message(fault.limit.value_or(limit)), kRateLimit, kInvalid)};
    case Fault::published_limit:
      return {.status = 429,
              .body = envelope(published_message(fault.limit.value_or(limit)), kRateLimit, kInvalid)};
    case Fault::tpm_limit:
      return {.status = 429, .body = envelope("Rate limit reached for TPM.", kRateLimit, kInvalid)};
    case Fault::no_balance:
      return {.status = 402, .body = envelope("Insufficient Balance", "unknown_error", kInvalid)};
    case Fault::bad_key:
      return {
          .status = 401,
          .body = envelope(key_message(key, uuid, fault.is("request_id")), "authentication_error", kInvalid)};
    case Fault::bad_request:
      if (fault.is("400")) return {.status = 400, .body = envelope("Model Not Exist", kInvalid, kInvalid)};
      return {.status = 422,
              .body = envelope(
                  "Failed to deserialize the JSON body into the target type: temperature: invalid value",
                  kInvalid, kInvalid)};
    case Fault::bad_gateway:
      return gateway_page(fault.is("504") ? 504 : 502);
    case Fault::other_host:
      return other_host_page(fault);
    case Fault::error_in_stream:
      return {.status = 200, .body = "{" + error_member(fault) + "}"};
    default:
      return {.status = 500, .body = envelope("Internal server error", "internal_error", "internal_error")};
  }
}

ErrorPage bad_request_page(int status, std::string_view message) {
  return {.status = status, .body = envelope(message, "invalid_request_error", "invalid_request_error")};
}

std::string error_member(const Directive& fault) {
  if (fault.fault == Fault::other_host) {
    return R"("error":{"code":503,"message":"Provider returned error","metadata":{"provider_name":"DeepSeek",)"
           R"("raw":"Service is too busy."}})";
  }
  return R"("error":{"message":"Internal server error","type":"internal_error","param":null,"code":"internal_error"})";
}

}  // namespace dujiang::sim
