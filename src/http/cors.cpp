#include "http/cors.hpp"

#include <algorithm>
#include <cstddef>

#include "base/ascii.hpp"
#include "http/chars.hpp"

namespace dujiang::http {
namespace {

constexpr std::string_view kAll = "*";
constexpr const char* kMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

// What a page's script may read of our answers' heads, besides the few that it always may.
constexpr std::string_view kExposed =
    "retry-after, retry-after-ms, x-should-retry, x-request-id, x-dujiang-served-by, x-dujiang-attempts, "
    "x-dujiang-upstream-request-id, ratelimit, ratelimit-policy";

bool allows_all(const CorsSettings& settings) {
  return std::ranges::find(settings.origins, kAll) != settings.origins.end();
}

// Names of fields with commas between them.
bool is_list_of_names(std::string_view text) {
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view name = base::trim(text.substr(0, comma));
    if (name.empty() || !all_chars(name, token_char)) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

std::optional<std::string_view> allowed_origin(const Headers& request, const CorsSettings& settings) {
  const auto origin = request.get("origin");
  if (!origin || request.count("origin") != 1) return std::nullopt;
  const bool is_listed = std::ranges::any_of(settings.origins, [&](const std::string& entry) {
    return entry == kAll || base::iequals(entry, *origin);
  });
  return is_listed ? origin : std::nullopt;
}

std::string cors_lines(std::optional<std::string_view> origin, const CorsSettings& settings) {
  const bool for_all = allows_all(settings);
  std::string lines;
  // Whoever keeps an answer for one page must not give it to another.
  if (!for_all) lines += "vary: origin\r\n";
  if (!origin) return lines;
  lines += "access-control-allow-origin: ";
  lines += for_all ? kAll : *origin;
  lines += "\r\naccess-control-expose-headers: ";
  lines += kExposed;
  lines += "\r\n";
  return lines;
}

bool is_preflight(std::string_view method, const Headers& request) {
  return method == "OPTIONS" && request.get("origin") && request.get("access-control-request-method");
}

Headers preflight_fields(const Headers& request, const CorsSettings& settings) {
  Headers fields{{"access-control-allow-methods", kMethods},
                 {"access-control-max-age",
                  std::to_string(std::chrono::floor<std::chrono::seconds>(settings.max_age).count())}};
  // SDKs send many fields of their own; the gateway decides by rule 11 what becomes of each.
  if (const auto asked = request.get("access-control-request-headers"); asked && is_list_of_names(*asked))
    fields.add("access-control-allow-headers", std::string(*asked));
  // A page of the network may call this machine if it is listed.
  if (request.get("access-control-request-private-network") == "true")
    fields.add("access-control-allow-private-network", "true");
  return fields;
}

}  // namespace dujiang::http
