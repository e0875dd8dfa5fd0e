#include "api/openai/models.hpp"

#include <fmt/format.h>

#include "api/json_edit.hpp"

namespace dujiang::api::openai {

std::string model_body(std::string_view id, std::int64_t created, std::string_view owned_by) {
  return fmt::format(R"({{"id":{},"object":"model","created":{},"owned_by":{}}})", json_quote(id), created,
                     json_quote(owned_by));
}

std::string models_body(std::span<const std::string> ids, std::int64_t created, std::string_view owned_by) {
  std::string out = R"({"object":"list","data":[)";
  for (const std::string& id : ids) {
    if (out.back() != '[') out += ',';
    out += model_body(id, created, owned_by);
  }
  out += "]}";
  return out;
}

}  // namespace dujiang::api::openai
