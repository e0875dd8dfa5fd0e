#include <algorithm>
#include <array>

#include "api/error_object.hpp"
#include "base/ascii.hpp"
#include "base/number.hpp"
#include "provider/dialect.hpp"

namespace dujiang::provider {
namespace {

// What hosts agree on. Rules with status 200 are for error objects inside a 200.
constexpr std::array kCommonRules{
    ErrorRule{.status = 429, .message = "concurren", .means = Code::concurrency_limit},
    ErrorRule{.status = 429, .message = "tpm", .means = Code::tpm_limit},
    ErrorRule{.status = 429, .message = "tokens per min", .means = Code::tpm_limit},
    ErrorRule{.status = 429, .means = Code::rate_limited},
    ErrorRule{.code = "context_length_exceeded", .means = Code::context_too_long},
    ErrorRule{.message = "maximum context length", .means = Code::context_too_long},
    ErrorRule{.message = "context window", .means = Code::context_too_long},
    ErrorRule{.code = "content_filter", .means = Code::content_filter},
    ErrorRule{.code = "content_policy_violation", .means = Code::content_filter},
    ErrorRule{.message = "content management policy", .means = Code::content_filter},
    ErrorRule{.code = "model_not_found", .means = Code::model_not_found},
    ErrorRule{.status = 404, .message = "model", .means = Code::model_not_found},
    ErrorRule{.status = 400, .message = "model not found", .means = Code::model_not_found},
    ErrorRule{.status = 403, .message = "insufficient", .means = Code::balance},
    ErrorRule{.status = 500, .message = "overloaded", .means = Code::busy},
    ErrorRule{.status = 500, .message = "too busy", .means = Code::busy},
    ErrorRule{.status = 200, .code = "rate_limit_error", .means = Code::rate_limited},
    ErrorRule{.status = 200, .code = "rate_limit_exceeded", .means = Code::rate_limited},
    ErrorRule{.status = 200, .code = "service_unavailable_error", .means = Code::busy},
    ErrorRule{.status = 200, .code = "overloaded_error", .means = Code::busy},
    ErrorRule{.status = 200, .message = "busy", .means = Code::busy},
    ErrorRule{.status = 200, .message = "overloaded", .means = Code::busy},
    ErrorRule{.status = 200, .code = "server_error", .means = Code::server_error},
    ErrorRule{.status = 200, .code = "internal_error", .means = Code::server_error},
    ErrorRule{.status = 200, .code = "authentication_error", .means = Code::auth},
    ErrorRule{.status = 200, .code = "invalid_request_error", .means = Code::bad_request},
};

Code by_status(int status) {
  switch (status) {
    case 400:
    case 411:
    case 413:
    case 415:
    case 422:
    case 431:
      return Code::bad_request;
    case 401:
      return Code::auth;
    case 402:
      return Code::balance;
    case 403:
      return Code::forbidden;
    case 404:
    case 405:
    case 410:
      return Code::not_found;
    case 408:
      return Code::request_timeout;
    case 409:
      return Code::server_error;
    case 429:
      return Code::rate_limited;
    case 501:
      return Code::unexpected_status;
    case 502:
    case 504:
      return Code::bad_gateway;
    case 503:
    case 529:
      return Code::busy;
    default:
      break;
  }
  if (status >= 520 && status <= 527) return Code::bad_gateway;
  if (status >= 500 && status <= 599) return Code::server_error;
  return status >= 200 && status <= 299 ? Code::upstream_error : Code::unexpected_status;
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  for (std::size_t i = 0; i + part.size() <= text.size(); ++i) {
    if (base::iequals(text.substr(i, part.size()), part)) return true;
  }
  return part.empty();
}

bool matches(const ErrorRule& rule, const ErrorFacts& facts) {
  if (rule.status != 0 && rule.status != facts.status) return false;
  if (!rule.code.empty() && rule.code != facts.upstream_code && rule.code != facts.type) return false;
  return contains_ignoring_case(facts.message, rule.message);
}

Code find_code(const Dialect& dialect, const ErrorFacts& facts) {
  for (const ErrorRule& rule : dialect.errors) {
    if (matches(rule, facts)) return rule.means;
  }
  for (const ErrorRule& rule : kCommonRules) {
    if (matches(rule, facts)) return rule.means;
  }
  return by_status(facts.status);
}

// "… which exceeds your concurrency limit of 25 based on …"
std::optional<std::uint32_t> read_limit(std::string_view message) {
  constexpr std::string_view kWords = "concurrency limit of ";
  const auto at = message.find(kWords);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view digits = message.substr(at + kWords.size());
  const auto length = std::min(digits.find_first_not_of("0123456789"), digits.size());
  const auto limit = base::parse_number<std::uint32_t>(digits.substr(0, length));
  return limit == 0u ? std::nullopt : limit;
}

// A status that an error object inside a 200 names: OpenRouter's "code": 502.
int named_status(const std::string& code) {
  const int status = base::parse_number<int>(code).value_or(0);
  return status >= 400 && status <= 599 ? status : 0;
}

// What is kept of an upstream's words: enough for a person, and little to search.
constexpr std::size_t kLongestMessage = 4096;
constexpr std::size_t kLongestName = 128;

std::string beginning(std::string text, std::size_t length) {
  // Not in the middle of a UTF-8 character.
  while (length < text.size() && length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80)
    --length;
  if (text.size() > length) text.resize(length);
  return text;
}

constexpr std::size_t kLongestPlainText = 300;

// A message that came as plain text; a page of HTML has none.
std::string plain_text(std::string_view body) {
  const std::string_view text = base::trim(body);
  if (text.starts_with('<') || text.starts_with('{') || text.starts_with('[')) return {};
  std::string out;
  for (const char c : text.substr(0, kLongestPlainText)) {
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

}  // namespace

ErrorFacts read_error(const Dialect& dialect, int status, std::string_view body) {
  ErrorFacts out;
  out.status = status;
  api::JsonParser parser;
  if (const auto root = parser.parse(body)) {
    if (auto object = api::read_error_object(*root)) {
      out.readable = true;
      out.message = beginning(std::move(object->message), kLongestMessage);
      out.type = beginning(std::move(object->type), kLongestName);
      out.upstream_code = beginning(std::move(object->code), kLongestName);
      out.param = std::move(object->param);
    }
  } else {
    out.message = plain_text(body);
  }
  if (status >= 200 && status <= 299) {
    if (const int named = named_status(out.upstream_code); named != 0) out.status = named;
  }
  out.code = find_code(dialect, out);
  out.learned_limit = read_limit(out.message);
  return out;
}

}  // namespace dujiang::provider
