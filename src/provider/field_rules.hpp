// Translations of request fields that several dialects share. Each is called with the field's value, and
// takes the field itself out of the object.
#pragma once

#include <string_view>

#include "api/json_edit.hpp"

namespace dujiang::provider {

// DeepSeek's thinking {"type": "enabled" | "disabled"} as …
void thinking_to_enable_thinking(api::JsonObjectEdit& body, std::string_view value);   // SiliconFlow, Qwen
void thinking_to_chat_template(api::JsonObjectEdit& body, std::string_view value);     // vLLM, llama.cpp
void thinking_to_reasoning(api::JsonObjectEdit& body, std::string_view value);         // OpenRouter
void thinking_to_reasoning_effort(api::JsonObjectEdit& body, std::string_view value);  // Ollama

// Qwen's enable_thinking as the template's own argument.
void enable_thinking_to_chat_template(api::JsonObjectEdit& body, std::string_view value);

// … and back to DeepSeek's.
void enable_thinking_to_thinking(api::JsonObjectEdit& body, std::string_view value);
void reasoning_to_thinking(api::JsonObjectEdit& body, std::string_view value);
void chat_template_to_thinking(api::JsonObjectEdit& body, std::string_view value);

// reasoning_effort into OpenRouter's reasoning object.
void reasoning_effort_to_reasoning(api::JsonObjectEdit& body, std::string_view value);

void rename_to_max_tokens(api::JsonObjectEdit& body, std::string_view value);

// In a message: OpenAI's role "developer" is everyone else's "system".
void developer_to_system(api::JsonObjectEdit& message, std::string_view value);
void rename_to_reasoning(api::JsonObjectEdit& message, std::string_view value);
void rename_to_reasoning_content(api::JsonObjectEdit& message, std::string_view value);

}  // namespace dujiang::provider
