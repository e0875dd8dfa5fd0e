// Cross-origin calls: which web pages may read our answers, said to browsers in their own words (Fetch,
// CORS).
//
// Off by default, and no substitute for keys: it opens the gateway to the pages it names, it closes nothing
// to programs. A page's scripts see the key that they send.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/headers.hpp"

namespace dujiang::http {

struct CorsSettings {
  std::vector<std::string> origins;  // "https://chat.example.com", "*" for all; none: off
  // How long a browser may remember a preflight's answer.
  std::chrono::milliseconds max_age = std::chrono::minutes(10);

  bool is_on() const { return !origins.empty(); }
};

// The one origin that the request names, if it is among those that may call.
std::optional<std::string_view> allowed_origin(const Headers& request, const CorsSettings& settings);

// Lines of the head of every answer, each with its end: for a page of `origin`, or for whoever else.
std::string cors_lines(std::optional<std::string_view> origin, const CorsSettings& settings);

// Whether a browser asks, before the call itself, if a page may make it.
bool is_preflight(std::string_view method, const Headers& request);

// The fields that allow what the preflight asks for; cors_lines() come with every answer anyway.
Headers preflight_fields(const Headers& request, const CorsSettings& settings);

}  // namespace dujiang::http
