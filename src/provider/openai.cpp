// OpenAI's API, and whoever speaks it without a dialect of their own here.
#include <array>

#include "provider/dialects.hpp"
#include "provider/field_rules.hpp"

namespace dujiang::provider {
namespace {

// OpenAI refuses fields that it does not know.
constexpr std::array kRequestFields{
    FieldRule{.field = "thinking"},
    FieldRule{.field = "enable_thinking"},
    FieldRule{.field = "thinking_budget"},
    FieldRule{.field = "chat_template_kwargs"},
    FieldRule{.field = "reasoning"},
    FieldRule{.field = "user_id"},
    FieldRule{.field = "top_k"},
    FieldRule{.field = "min_p"},
    FieldRule{.field = "repetition_penalty"},
};

constexpr std::array kMessageFields{
    FieldRule{.field = "reasoning_content"},
    FieldRule{.field = "reasoning"},
    FieldRule{.field = "prefix"},
};

constexpr std::array kErrors{
    ErrorRule{.code = "insufficient_quota", .means = Code::balance},
    ErrorRule{.code = "billing_hard_limit_reached", .means = Code::balance},
    // Together: a prompt that is too long.
    ErrorRule{.status = 403, .message = "maximum context", .means = Code::context_too_long},
    ErrorRule{.status = 403, .message = "too many tokens", .means = Code::context_too_long},
    // Volcengine Ark: the code says more than the status.
    ErrorRule{.code = "AccountOverdueError", .means = Code::balance},
    ErrorRule{.code = "ModelNotOpen", .means = Code::model_not_found},
    ErrorRule{.code = "InvalidEndpointOrModel.NotFound", .means = Code::model_not_found},
    ErrorRule{.code = "ServerOverloaded", .means = Code::busy},
    // Bailian.
    ErrorRule{.code = "Throttling.RateQuota", .means = Code::rate_limited},
    ErrorRule{.code = "Throttling.AllocationQuota", .means = Code::tpm_limit},
    ErrorRule{.code = "Arrearage", .means = Code::balance},
    ErrorRule{.code = "data_inspection_failed", .means = Code::content_filter},
    ErrorRule{.message = "range of input length", .means = Code::context_too_long},
    // Fireworks: the account is suspended.
    ErrorRule{.status = 412, .means = Code::balance},
};

}  // namespace

const Dialect& openai() {
  static constexpr Dialect kDialect{
      .name = "openai",
      .summary = "OpenAI's API, and every host that speaks it and has no dialect of its own.",
      .paths = kOpenaiPaths,
      .request_fields = kRequestFields,
      .message_fields = kMessageFields,
      .inline_think = true,
      .finish_aliases = kCommonFinishAliases,
      .errors = kErrors,
  };
  return kDialect;
}

}  // namespace dujiang::provider
