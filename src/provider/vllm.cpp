// vLLM's OpenAI-compatible server (localhost:8000/v1).
#include <array>

#include "provider/dialects.hpp"
#include "provider/field_rules.hpp"

namespace dujiang::provider {
namespace {

constexpr std::array kRequestFields{
    FieldRule{.field = "thinking", .translate = thinking_to_chat_template},
    FieldRule{.field = "enable_thinking", .translate = enable_thinking_to_chat_template},
    FieldRule{.field = "thinking_budget"},
    FieldRule{.field = "reasoning"},
    FieldRule{.field = "user_id"},
};

constexpr std::array kMessageFields{
    FieldRule{.field = "role", .translate = developer_to_system},
    FieldRule{.field = "reasoning_content", .translate = rename_to_reasoning},
    FieldRule{.field = "prefix"},
};

constexpr std::array kErrors{
    ErrorRule{.status = 404, .code = "NotFoundError", .means = Code::model_not_found},
    ErrorRule{.message = "maximum model length", .means = Code::context_too_long},
    ErrorRule{.message = "longer than the maximum", .means = Code::context_too_long},
    ErrorRule{.code = "EngineDeadError", .means = Code::server_error},
};

}  // namespace

const Dialect& vllm() {
  static constexpr Dialect kDialect{
      .name = "vllm",
      .summary = "vLLM's OpenAI-compatible server at localhost:8000/v1.",
      .paths = kOpenaiPathsWithPrefix,
      .prefix = Prefix::continue_final_message,
      .request_fields = kRequestFields,
      .message_fields = kMessageFields,
      .reasoning_field = "reasoning",
      .inline_think = true,
      .finish_aliases = kCommonFinishAliases,
      .errors = kErrors,
  };
  return kDialect;
}

}  // namespace dujiang::provider
