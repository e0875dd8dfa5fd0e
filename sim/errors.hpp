// The error answers of DeepSeek and of other hosts, byte for byte.
#pragma once

#include <string>
#include <string_view>

#include "sim/fault.hpp"

namespace dujiang::sim {

struct ErrorPage {
  int status = 500;
  std::string_view content_type = "application/json";
  std::string body;
};

// DeepSeek's envelope.
std::string envelope(std::string_view message, std::string_view type, std::string_view code);

// `limit`: the concurrency limit that rows 8 and 9 name unless the directive does. `key`: the caller's, of
// which the 401 shows the last four characters. `uuid`: for the 401 that names the request.
ErrorPage error_page(const Directive& fault, unsigned limit, std::string_view key, std::string_view uuid);

// For requests that are wrong: 400, 404, 405, 413, 422.
ErrorPage bad_request_page(int status, std::string_view message);

// The error object within a stream or a 200: rows 26 and 30 (openrouter), without braces around it.
std::string error_member(const Directive& fault);

}  // namespace dujiang::sim
