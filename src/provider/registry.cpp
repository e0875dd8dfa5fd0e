#include <algorithm>
#include <array>

#include "provider/dialects.hpp"

namespace dujiang::provider {

std::span<const Dialect* const> all_dialects() {
  static const std::array all{&deepseek(), &openai(),   &siliconflow(), &openrouter(),
                              &ollama(),   &llamacpp(), &vllm()};
  return all;
}

const Dialect* find_dialect(std::string_view name) {
  const auto all = all_dialects();
  const auto it = std::ranges::find(all, name, &Dialect::name);
  return it == all.end() ? nullptr : *it;
}

}  // namespace dujiang::provider
