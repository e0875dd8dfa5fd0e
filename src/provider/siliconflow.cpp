// SiliconFlow (api.siliconflow.cn/v1): flat errors with numbers of its own.
#include <array>

#include "provider/dialects.hpp"
#include "provider/field_rules.hpp"

namespace dujiang::provider {
namespace {

constexpr std::array kRequestFields{
    FieldRule{.field = "thinking", .translate = thinking_to_enable_thinking},
    FieldRule{.field = "max_completion_tokens", .translate = rename_to_max_tokens},
    FieldRule{.field = "chat_template_kwargs"},
    FieldRule{.field = "reasoning"},
    FieldRule{.field = "user_id"},
    FieldRule{.field = "store"},
    FieldRule{.field = "metadata"},
    FieldRule{.field = "service_tier"},
};

constexpr std::array kMessageFields{
    FieldRule{.field = "role", .translate = developer_to_system},
    FieldRule{.field = "reasoning", .translate = rename_to_reasoning_content},
    FieldRule{.field = "prefix"},
};

constexpr std::array kErrors{
    ErrorRule{.code = "50508", .means = Code::busy},
    ErrorRule{.code = "50505", .means = Code::busy},
    ErrorRule{.code = "20012", .means = Code::model_not_found},
    ErrorRule{.code = "30001", .means = Code::balance},
    ErrorRule{.message = "max_seq_len", .means = Code::context_too_long},
    ErrorRule{.status = 403, .message = "balance", .means = Code::balance},
};

}  // namespace

const Dialect& siliconflow() {
  static constexpr Dialect kDialect{
      .name = "siliconflow",
      .summary = "SiliconFlow at api.siliconflow.cn/v1.",
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
