// DeepSeek's own API, the one that callers of this gateway speak.
#include <array>
#include <chrono>

#include "provider/dialects.hpp"
#include "provider/field_rules.hpp"

namespace dujiang::provider {
namespace {

using api::Operation;

constexpr std::array kPaths{
    OperationPath{.operation = Operation::chat, .path = "/chat/completions"},
    OperationPath{.operation = Operation::beta_chat, .path = "/beta/chat/completions"},
    // Completions exist below /beta only.
    OperationPath{.operation = Operation::completions, .path = "/beta/completions"},
    OperationPath{.operation = Operation::beta_completions, .path = "/beta/completions"},
    // Not there today: callers get DeepSeek's own 404.
    OperationPath{.operation = Operation::embeddings, .path = "/embeddings"},
    OperationPath{.operation = Operation::models, .path = "/models"},
    OperationPath{.operation = Operation::model, .path = "/models/{model}"},
    OperationPath{.operation = Operation::balance, .path = "/user/balance"},
};

constexpr std::array kRequestFields{
    FieldRule{.field = "max_completion_tokens", .translate = rename_to_max_tokens},
    FieldRule{.field = "enable_thinking", .translate = enable_thinking_to_thinking},
    FieldRule{.field = "reasoning", .translate = reasoning_to_thinking},
    FieldRule{.field = "chat_template_kwargs", .translate = chat_template_to_thinking},
    FieldRule{.field = "thinking_budget"},
    FieldRule{.field = "store"},
    FieldRule{.field = "metadata"},
    FieldRule{.field = "service_tier"},
    FieldRule{.field = "prediction"},
    FieldRule{.field = "modalities"},
    FieldRule{.field = "verbosity"},
    FieldRule{.field = "safety_identifier"},
    FieldRule{.field = "prompt_cache_key"},
    FieldRule{.field = "web_search_options"},
    FieldRule{.field = "provider"},
    FieldRule{.field = "transforms"},
    FieldRule{.field = "models"},
    FieldRule{.field = "route"},
};

constexpr std::array kMessageFields{
    FieldRule{.field = "role", .translate = developer_to_system},
    FieldRule{.field = "reasoning", .translate = rename_to_reasoning_content},
};

constexpr std::array kErrors{
    ErrorRule{.message = "concurrency limit", .means = Code::concurrency_limit},
    ErrorRule{.message = "insufficient balance", .means = Code::balance},
    ErrorRule{.message = "model not exist", .means = Code::model_not_found},
    ErrorRule{.message = "content exists risk", .means = Code::content_filter},
    ErrorRule{.message = "service is too busy", .means = Code::busy},
};

}  // namespace

const Dialect& deepseek() {
  static constexpr Dialect kDialect{
      .name = "deepseek",
      .summary = "DeepSeek's API at api.deepseek.com.",
      .paths = kPaths,
      .prefix = Prefix::marked,
      .unstreamed_as_stream = true,
      .request_fields = kRequestFields,
      .message_fields = kMessageFields,
      .errors = kErrors,
      // "If inference has not started after 10 minutes the server closes the connection."
      .queue_expiry = std::chrono::minutes(10),
  };
  return kDialect;
}

}  // namespace dujiang::provider
