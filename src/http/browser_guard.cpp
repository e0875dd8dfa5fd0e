#include "http/browser_guard.hpp"

#include <algorithm>
#include <cstddef>

#include "base/ascii.hpp"
#include "http/authority.hpp"

namespace dujiang::http {
namespace {

// Names of a request may end up in a log or a terminal: long ones are cut.
std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 100;
  std::string result = "'";
  result += text.substr(0, kShown);
  if (text.size() > kShown) result += "...";
  return result + "'";
}

bool is_listed_host(std::string_view host, const Authority& parts, const std::vector<std::string>& allowed) {
  return std::ranges::any_of(allowed, [&](const std::string& entry) {
    return entry == "*" || base::iequals(entry, host) || base::iequals(entry, parts.host);
  });
}

std::string_view default_port(std::string_view scheme) {
  if (base::iequals(scheme, "http")) return "80";
  return base::iequals(scheme, "https") ? "443" : "";
}

// Whether a page of `origin` ("http://host:port") was served by the very host that it calls now.
bool is_same_origin(std::string_view origin, std::string_view host) {
  const std::size_t mark = origin.find("://");
  if (mark == std::string_view::npos) return false;
  const std::string_view scheme = origin.substr(0, mark);
  const auto page = parse_authority(origin.substr(mark + 3));
  const auto called = parse_authority(host);
  if (!page || !called || default_port(scheme).empty()) return false;
  const auto port_of = [&](const Authority& a) { return a.port.empty() ? default_port(scheme) : a.port; };
  return base::iequals(page->host, called->host) && port_of(*page) == port_of(*called);
}

std::optional<GuardRefusal> check_host(const GuardedRequest& request, const BrowserGuardSettings& settings) {
  if (!request.on_loopback || request.host.empty()) return std::nullopt;
  const auto parts = parse_authority(request.host);
  if (parts &&
      (is_loopback_host(parts->host) || is_listed_host(request.host, *parts, settings.allowed_hosts))) {
    return std::nullopt;
  }
  return GuardRefusal{
      .status = 403,
      .code = "host_not_allowed",
      .message = "The Host header names " + quoted(request.host) +
                 ", but this address is for this machine only; call it as localhost, or list the "
                 "name in listen.allowed_hosts."};
}

std::optional<GuardRefusal> check_origin(const GuardedRequest& request,
                                         const BrowserGuardSettings& settings) {
  if (request.origin_may_call) return std::nullopt;
  for (const Field& field : request.headers) {
    if (!base::iequals(field.name, "origin")) continue;
    const bool is_listed = std::ranges::any_of(settings.allowed_origins, [&](const std::string& entry) {
      return entry == "*" || base::iequals(entry, field.value);
    });
    if (is_listed || is_same_origin(field.value, request.host)) continue;
    return GuardRefusal{
        .status = 403,
        .code = "origin_not_allowed",
        .message = "A web page of " + quoted(field.value) +
                   " sent this request; list that origin in listen.allowed_origins if it may."};
  }
  return std::nullopt;
}

std::optional<GuardRefusal> check_content_type(const GuardedRequest& request) {
  if (request.method != "POST" || !request.has_body) return std::nullopt;
  const std::string_view type = request.headers.get("content-type").value_or("");
  const std::string_view media = base::trim(type.substr(0, type.find(';')));
  if (base::iequals(media, "application/json") && request.headers.count("content-type") == 1)
    return std::nullopt;
  return GuardRefusal{
      .status = 415,
      .code = "unsupported_media_type",
      .message = (type.empty() ? "The request has no Content-Type" : "The Content-Type is " + quoted(type)) +
                 "; send the body as Content-Type: application/json."};
}

}  // namespace

std::optional<GuardRefusal> check_browser(const GuardedRequest& request,
                                          const BrowserGuardSettings& settings) {
  if (auto refusal = check_host(request, settings)) return refusal;
  if (auto refusal = check_origin(request, settings)) return refusal;
  return check_content_type(request);
}

}  // namespace dujiang::http
