// The bodies of GET /models and GET /models/{id}.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace dujiang::api::openai {

// `created` in seconds since 1970.
std::string model_body(std::string_view id, std::int64_t created, std::string_view owned_by);
std::string models_body(std::span<const std::string> ids, std::int64_t created, std::string_view owned_by);

}  // namespace dujiang::api::openai
