// llama.cpp's server (llama-server, localhost:8080/v1).
#include <array>

#include "provider/dialects.hpp"
#include "provider/field_rules.hpp"

namespace dujiang::provider {
namespace {

constexpr std::array kRequestFields{
    FieldRule{.field = "thinking", .translate = thinking_to_chat_template},
    FieldRule{.field = "max_completion_tokens", .translate = rename_to_max_tokens},
    FieldRule{.field = "enable_thinking", .translate = enable_thinking_to_chat_template},
    FieldRule{.field = "thinking_budget"},
    FieldRule{.field = "user_id"},
};

constexpr std::array kMessageFields{
    FieldRule{.field = "role", .translate = developer_to_system},
    FieldRule{.field = "prefix"},
};

constexpr std::array kErrors{
    ErrorRule{.code = "unavailable_error", .means = Code::busy},
    ErrorRule{.message = "loading model", .means = Code::busy},
    ErrorRule{.code = "exceed_context_size_error", .means = Code::context_too_long},
    ErrorRule{.message = "exceeds the available context size", .means = Code::context_too_long},
    ErrorRule{.code = "not_supported_error", .means = Code::bad_request},
};

}  // namespace

const Dialect& llamacpp() {
  static constexpr Dialect kDialect{
      .name = "llamacpp",
      .summary = "llama.cpp's llama-server at localhost:8080/v1.",
      .paths = kOpenaiPathsWithPrefix,
      .prefix = Prefix::last_message,
      .request_fields = kRequestFields,
      .message_fields = kMessageFields,
      .inline_think = true,
      .finish_aliases = kCommonFinishAliases,
      .errors = kErrors,
  };
  return kDialect;
}

}  // namespace dujiang::provider
