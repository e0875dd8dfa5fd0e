#include "http/credentials.hpp"

#include "base/ascii.hpp"

namespace dujiang::http {
namespace {

std::string_view bearer(std::string_view value) {
  constexpr std::string_view kScheme = "bearer ";
  if (!base::istarts_with(value, kScheme)) return {};
  return base::trim(value.substr(kScheme.size()));
}

}  // namespace

PresentedKey presented_key(const Headers& headers) {
  PresentedKey presented;
  for (const Field& field : headers) {
    std::string_view key;
    if (base::iequals(field.name, "authorization")) {
      key = bearer(field.value);
    } else if (base::iequals(field.name, "x-api-key")) {
      key = base::trim(field.value);
    }
    if (key.empty()) continue;
    if (!presented.key.empty() && key != presented.key) presented.ambiguous = true;
    presented.key = key;
  }
  return presented;
}

}  // namespace dujiang::http
