// The dialects, each defined in the file of its name.
#pragma once

#include <array>

#include "provider/dialect.hpp"

namespace dujiang::provider {

const Dialect& deepseek();
const Dialect& openai();
const Dialect& siliconflow();
const Dialect& openrouter();
const Dialect& ollama();
const Dialect& llamacpp();
const Dialect& vllm();

// The paths of OpenAI's API, which most hosts share.
inline constexpr std::array kOpenaiPaths{
    OperationPath{.operation = api::Operation::chat, .path = "/chat/completions"},
    OperationPath{.operation = api::Operation::completions, .path = "/completions"},
    OperationPath{.operation = api::Operation::beta_completions, .path = "/completions"},
    OperationPath{.operation = api::Operation::embeddings, .path = "/embeddings"},
    OperationPath{.operation = api::Operation::models, .path = "/models"},
    OperationPath{.operation = api::Operation::model, .path = "/models/{model}"},
};

// The same, where a last message can be gone on from.
inline constexpr std::array kOpenaiPathsWithPrefix{
    OperationPath{.operation = api::Operation::chat, .path = "/chat/completions"},
    OperationPath{.operation = api::Operation::beta_chat, .path = "/chat/completions"},
    OperationPath{.operation = api::Operation::completions, .path = "/completions"},
    OperationPath{.operation = api::Operation::beta_completions, .path = "/completions"},
    OperationPath{.operation = api::Operation::embeddings, .path = "/embeddings"},
    OperationPath{.operation = api::Operation::models, .path = "/models"},
    OperationPath{.operation = api::Operation::model, .path = "/models/{model}"},
};

// Servers that people run themselves put finish reasons of their own into OpenAI's field.
inline constexpr std::array kCommonFinishAliases{
    FinishAlias{.from = "eos", .to = "stop"},           FinishAlias{.from = "eos_token", .to = "stop"},
    FinishAlias{.from = "stop_sequence", .to = "stop"}, FinishAlias{.from = "end_turn", .to = "stop"},
    FinishAlias{.from = "max_tokens", .to = "length"},  FinishAlias{.from = "model_length", .to = "length"},
};

}  // namespace dujiang::provider
