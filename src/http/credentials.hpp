// The key that a request presents.
#pragma once

#include <string_view>

#include "http/headers.hpp"

namespace dujiang::http {

struct PresentedKey {
  std::string_view key;    // empty: none
  bool ambiguous = false;  // two that differ: whoever reads the other one would see another caller
};

// `Authorization: Bearer KEY` as OpenAI's SDKs send it, or `x-api-key: KEY` as Anthropic's do. Other schemes
// present none. The view lives as long as the headers.
PresentedKey presented_key(const Headers& headers);

}  // namespace dujiang::http
