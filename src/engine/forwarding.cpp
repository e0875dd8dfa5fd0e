#include "engine/forwarding.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/ascii.hpp"
#include "http/credentials.hpp"
#include "http/name_set.hpp"
#include "route/caller_key.hpp"

namespace dujiang::engine {
namespace {

using base::iequals;
using base::istarts_with;
using std::string_view_literals::operator""sv;

constexpr http::NameSet kHopByHop({"connection"sv, "keep-alive"sv, "proxy-connection"sv, "te"sv, "trailer"sv,
                                   "transfer-encoding"sv, "upgrade"sv, "expect"sv});

constexpr http::NameSet kNeverForwarded({"authorization"sv,
                                         "proxy-authorization"sv,
                                         "proxy-authenticate"sv,
                                         "x-api-key"sv,
                                         "api-key"sv,
                                         "x-goog-api-key"sv,
                                         "ocp-apim-subscription-key"sv,
                                         "x-auth-token"sv,
                                         "x-access-token"sv,
                                         "cookie"sv,
                                         "set-cookie"sv,
                                         "openai-organization"sv,
                                         "openai-project"sv,
                                         "www-authenticate"sv,
                                         "host"sv,
                                         "content-length"sv,
                                         "forwarded"sv,
                                         "x-forwarded-for"sv,
                                         "x-forwarded-host"sv,
                                         "x-forwarded-proto"sv,
                                         "x-real-ip"sv,
                                         "origin"sv,
                                         "referer"sv});

// Set anew by us, or true only of the upstream's own connection.
constexpr http::NameSet kNotFromUpstream({"content-type"sv, "content-encoding"sv, "date"sv, "server"sv,
                                          "alt-svc"sv, "x-request-id"sv, "retry-after"sv, "retry-after-ms"sv,
                                          "x-should-retry"sv, "strict-transport-security"sv, "vary"sv,
                                          "cache-control"sv});

constexpr std::array kRequestIds = {"x-request-id"sv, "x-ds-trace-id"sv, "x-siliconcloud-trace-id"sv,
                                    "x-amzn-requestid"sv, "cf-ray"sv};

// The fields that this message's `Connection` declares to be hop-by-hop.
std::vector<std::string_view> connection_fields(const http::Headers& headers) {
  std::vector<std::string_view> names;
  for (const http::Field& field : headers) {
    if (!iequals(field.name, "connection")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      names.push_back(base::trim(rest.substr(0, comma)));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return names;
}

// Fields that may cross at all.
template <class Keep>
http::Headers crossing(const http::Headers& headers, Keep keep) {
  const auto named = connection_fields(headers);
  http::Headers out;
  for (const auto& [name, value] : headers) {
    if (kHopByHop.contains(name) || kNeverForwarded.contains(name)) continue;
    if (istarts_with(name, "x-dujiang-") || istarts_with(name, "access-control-")) continue;
    if (std::ranges::any_of(named, [&](std::string_view n) { return iequals(n, name); })) continue;
    if (keep(std::string_view(name))) out.add(name, value);
  }
  return out;
}

}  // namespace

http::Headers upstream_headers(const http::Headers& from_caller, Vendor vendor,
                               std::span<const std::string> listed) {
  http::Headers out = crossing(from_caller, [&](std::string_view name) {
    if (iequals(name, "accept-encoding") || iequals(name, "content-encoding") ||
        iequals(name, "content-type")) {
      return false;
    }
    if (vendor == Vendor::addressed || iequals(name, "user-agent") || iequals(name, "accept")) return true;
    return std::ranges::any_of(listed, [&](const std::string& l) { return iequals(l, name); });
  });
  out.add("Accept-Encoding", "identity");
  return out;
}

http::Headers caller_headers(const http::Headers& from_upstream) {
  return crossing(from_upstream, [](std::string_view name) { return !kNotFromUpstream.contains(name); });
}

void add_credentials(http::Headers& headers, const route::UpstreamSpec& upstream, std::string_view key,
                     const http::Headers& from_caller) {
  if (!key.empty()) {
    headers.add("Authorization", "Bearer " + std::string(key));
    return;
  }
  if (!upstream.pass_through_key) return;
  // A key of a gateway is no key of a vendor: one that was sent here by mistake stays here.
  if (route::key_id(http::presented_key(from_caller).key)) return;
  if (const auto own = from_caller.get("authorization")) {
    headers.add("Authorization", std::string(*own));
  } else if (const auto api_key = from_caller.get("x-api-key")) {
    headers.add("Authorization", "Bearer " + std::string(*api_key));
  }
}

std::string upstream_request_id(const http::Headers& from_upstream) {
  for (const std::string_view name : kRequestIds) {
    if (const auto value = from_upstream.get(name)) return std::string(*value);
  }
  return {};
}

}  // namespace dujiang::engine
