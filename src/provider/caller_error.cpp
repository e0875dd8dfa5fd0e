#include "provider/caller_error.hpp"

#include <fmt/format.h>

#include <array>

namespace dujiang::provider {
namespace {

struct Wording {
  int status;  // 0: the upstream's own
  std::string_view type;
  std::string_view what;
  std::string_view advice;
};

constexpr std::string_view kInvalid = "invalid_request_error";
constexpr std::string_view kServer = "server_error";
constexpr std::string_view kUnavailable = "service_unavailable_error";
constexpr std::string_view kRate = "rate_limit_error";
constexpr std::string_view kTimeout = "timeout_error";

constexpr std::string_view kLater = "Try again later, or add another target to the route.";
constexpr std::string_view kReach = "Check the upstream's base_url and the network.";
constexpr std::string_view kLost = "What was generated may be billed. Send the request again.";

Wording wording(Code code) {
  switch (code) {
    case Code::busy:
      return {503, kUnavailable, "The upstream is too busy", kLater};
    case Code::rate_limited:
      return {429, kRate, "The upstream limits the rate of calls", kLater};
    case Code::concurrency_limit:
      return {429, kRate, "The account has too many calls running at once",
              "Set max_concurrent for it or wait."};
    case Code::tpm_limit:
      return {429, kRate, "The account has used its tokens per minute", kLater};
    case Code::queue_expired:
      return {503, kUnavailable, "The upstream kept the request waiting until it closed the connection",
              kLater};
    case Code::balance:
      return {402, "insufficient_balance_error", "The upstream account has no balance left",
              "Top it up or add another account."};
    case Code::auth:
      return {401, "authentication_error", "The upstream does not accept the API key",
              "Check the key of the account, or the one that you send."};
    case Code::forbidden:
      return {403, "permission_error", "The upstream account may not do this", "Check its permissions."};
    case Code::model_not_found:
      return {404, kInvalid, "The upstream does not have this model",
              "Check 'model', or the model of the route's target."};
    case Code::not_found:
      return {404, kInvalid, "The upstream does not offer this operation", kReach};
    case Code::bad_request:
      return {0, kInvalid, "The upstream refuses the request", "Correct it; sending it again will not help."};
    case Code::context_too_long:
      return {400, kInvalid, "The request is too long for the model",
              "Shorten it, or add a target with a larger context."};
    case Code::content_filter:
      return {400, kInvalid, "The upstream refuses the content",
              "Change it; sending it again will not help."};
    case Code::request_timeout:
      return {504, kTimeout, "The upstream gave up waiting for the request", kLater};
    case Code::server_error:
      return {502, kServer, "The upstream has an internal error", kLater};
    case Code::bad_gateway:
      return {502, kServer, "The upstream's own gateway could not reach it", kLater};
    case Code::unexpected_status:
      return {502, kServer, "The upstream answered with a status that makes no sense here", kReach};
    case Code::dns:
      return {502, kServer, "The upstream's host name does not resolve", kReach};
    case Code::connect:
      return {502, kServer, "The upstream refuses connections", kReach};
    case Code::connect_timeout:
      return {504, kTimeout, "Connecting to the upstream took too long", kReach};
    case Code::tls:
      return {502, kServer, "There is no secure connection to the upstream",
              "Check its certificate, or the upstream's ca_file."};
    case Code::no_endpoint:
      return {503, kUnavailable, "No endpoint of the upstream accepts connections", kLater};
    default:
      return {502, kServer, "The upstream's answer is broken", kLost};
  }
}

Wording wording_of_answers(Code code) {
  switch (code) {
    case Code::reset:
      return {502, kServer, "The connection to the upstream broke before the answer was complete", kLost};
    case Code::empty_body:
      return {502, kServer, "The upstream answered with nothing", kLater};
    case Code::blank:
      return {502, kServer, "The upstream's answer has no content", kLater};
    case Code::cut:
      return {502, kServer, "The upstream's answer ended in the middle", kLost};
    case Code::garbage:
      return {502, kServer, "The upstream's answer is not what its API promises", kReach};
    case Code::malformed_event:
      return {502, kServer, "The upstream's stream holds a malformed event", kLost};
    case Code::upstream_error:
      return {502, kServer, "The upstream reported an error instead of an answer", kLater};
    case Code::insufficient_system_resource:
      return {503, kUnavailable, "The upstream broke the answer off for want of resources", kLater};
    case Code::too_large:
      return {502, kServer, "The upstream's answer is larger than the gateway holds",
              "Ask for a stream, or raise memory.whole_answer."};
    case Code::silent:
      return {504, kTimeout, "The upstream sent no byte for too long", kLater};
    case Code::late_first_token:
      return {504, kTimeout, "The upstream's first token came too late", kLater};
    case Code::stalled:
      return {504, kTimeout, "The upstream's stream stalled", kLost};
    case Code::timed_out:
      return {504, kTimeout, "The answer was not complete by the deadline", "Allow it more time."};
    case Code::gateway_exhausted:
      return {503, kUnavailable, "The gateway has no descriptor, port or memory left for a connection",
              kLater};
    case Code::queue_full:
      return {429, kRate, "Too many requests are waiting for this upstream", kLater};
    case Code::deadline:
      return {504, kTimeout, "The request could not be served by its deadline", "Allow it more time."};
    case Code::upstream_account:
      return {503, kUnavailable, "The gateway's own account at the upstream can't be used",
              "Tell whoever runs the gateway; sending the request again will not help."};
    case Code::caller_gone:
      return {499, kInvalid, "The caller went away before the answer", ""};
    default:
      return wording(code);
  }
}

std::string sentence(const Wording& words, const ErrorFacts* facts, std::string_view detail) {
  std::string said;
  if (facts != nullptr && facts->status >= 300) said = fmt::format("HTTP {}", facts->status);
  if (facts != nullptr && !facts->message.empty()) {
    said += fmt::format("{}{}", said.empty() ? "" : ": ", facts->message);
  } else if (!detail.empty()) {
    said += fmt::format("{}{}", said.empty() ? "" : ": ", detail);
  }
  std::string out(words.what);
  if (!said.empty()) out += fmt::format(" ({})", said);
  out += '.';
  if (!words.advice.empty()) out += fmt::format(" {}", words.advice);
  return out;
}

// The caller's own mistake is told in the upstream's words: programs look for them.
bool in_upstream_words(Code code) {
  return code == Code::bad_request || code == Code::model_not_found || code == Code::context_too_long ||
         code == Code::content_filter || code == Code::not_found;
}

}  // namespace

api::ApiError caller_error(Code code, const ErrorFacts* facts, std::string_view detail) {
  const Wording words = wording_of_answers(code);
  const bool told = facts != nullptr && facts->status >= 400 && facts->status <= 599;
  api::ApiError out;
  out.status = words.status;
  if (told && (words.status == 0 || facts->status < 500)) out.status = facts->status;
  if (out.status == 0) out.status = 400;
  out.type = words.type;
  out.code = to_string(code);
  if (in_upstream_words(code) && facts != nullptr && !facts->message.empty()) {
    out.message = facts->message;
    if (!facts->type.empty()) out.type = facts->type;
    if (!facts->upstream_code.empty()) out.code = facts->upstream_code;
    out.param = facts->param;
  } else {
    out.message = sentence(words, facts, detail);
  }
  return out;
}

api::ApiError caller_error(Code code) { return caller_error(code, nullptr, {}); }

}  // namespace dujiang::provider
