// Ollama's OpenAI-compatible API (localhost:11434/v1).
#include <array>

#include "provider/dialects.hpp"
#include "provider/field_rules.hpp"

namespace dujiang::provider {
namespace {

constexpr std::array kRequestFields{
    FieldRule{.field = "thinking", .translate = thinking_to_reasoning_effort},
    FieldRule{.field = "max_completion_tokens", .translate = rename_to_max_tokens},
    FieldRule{.field = "enable_thinking"},
    FieldRule{.field = "thinking_budget"},
    FieldRule{.field = "chat_template_kwargs"},
    FieldRule{.field = "user_id"},
};

constexpr std::array kMessageFields{
    FieldRule{.field = "role", .translate = developer_to_system},
    FieldRule{.field = "reasoning_content", .translate = rename_to_reasoning},
    FieldRule{.field = "prefix"},
};

constexpr std::array kErrors{
    ErrorRule{.message = "server busy", .means = Code::busy},
    ErrorRule{.message = "maximum pending requests", .means = Code::busy},
    ErrorRule{.message = "try pulling it first", .means = Code::model_not_found},
    ErrorRule{.message = "exceeds the context length", .means = Code::context_too_long},
};

}  // namespace

const Dialect& ollama() {
  static constexpr Dialect kDialect{
      .name = "ollama",
      .summary = "Ollama's OpenAI-compatible API at localhost:11434/v1.",
      .paths = kOpenaiPathsWithPrefix,
      .prefix = Prefix::last_message,
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
