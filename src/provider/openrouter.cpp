// OpenRouter (openrouter.ai/api/v1): `reasoning`, error objects inside a 200, comments while it processes.
#include <array>

#include "provider/dialects.hpp"
#include "provider/field_rules.hpp"

namespace dujiang::provider {
namespace {

constexpr std::array kRequestFields{
    FieldRule{.field = "thinking", .translate = thinking_to_reasoning},
    FieldRule{.field = "reasoning_effort", .translate = reasoning_effort_to_reasoning},
    FieldRule{.field = "enable_thinking"},
    FieldRule{.field = "thinking_budget"},
    FieldRule{.field = "chat_template_kwargs"},
    FieldRule{.field = "user_id"},
};

constexpr std::array kMessageFields{
    FieldRule{.field = "reasoning_content", .translate = rename_to_reasoning},
    FieldRule{.field = "prefix"},
};

constexpr std::array kErrors{
    ErrorRule{.message = "is not a valid model id", .means = Code::model_not_found},
    ErrorRule{.status = 404, .message = "no endpoints found", .means = Code::model_not_found},
    ErrorRule{.status = 403, .message = "flagged", .means = Code::content_filter},
    ErrorRule{.status = 403, .message = "moderation", .means = Code::content_filter},
};

}  // namespace

const Dialect& openrouter() {
  static constexpr Dialect kDialect{
      .name = "openrouter",
      .summary = "OpenRouter at openrouter.ai/api/v1.",
      .paths = kOpenaiPathsWithPrefix,
      .prefix = Prefix::last_message,
      .request_fields = kRequestFields,
      .message_fields = kMessageFields,
      .reasoning_field = "reasoning",
      .finish_aliases = kCommonFinishAliases,
      .errors = kErrors,
  };
  return kDialect;
}

}  // namespace dujiang::provider
