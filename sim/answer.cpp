#include "sim/answer.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

#include "base/ascii.hpp"
#include "sim/draws.hpp"
#include "sim/words.hpp"

namespace dujiang::sim {
namespace {

constexpr double kMedianTokens = 150;
constexpr double kSigma = 0.75;
constexpr double kFewestTokens = 8;
constexpr double kMostTokens = 1200;
constexpr std::size_t kMostTokensAsked = 10'000'000;
constexpr std::string_view kLengthDirective = "[[sim-tokens ";

std::optional<std::size_t> asked_length(std::string_view prompt) {
  const std::size_t at = prompt.find(kLengthDirective);
  if (at == std::string_view::npos) return std::nullopt;
  prompt.remove_prefix(at + kLengthDirective.size());
  std::size_t tokens = 0;
  const auto [end, error] = std::from_chars(prompt.data(), prompt.data() + prompt.size(), tokens);
  if (error != std::errc{} || !std::string_view(end, prompt.data() + prompt.size()).starts_with("]]")) {
    return std::nullopt;
  }
  return std::clamp<std::size_t>(tokens, 1, kMostTokensAsked);
}

// Box-Muller: one normal variate out of two uniform ones.
std::size_t drawn_length(std::uint64_t hash) {
  const double u = 1 - to_unit(mix(hash ^ 0x6c656e6774683031ULL));
  const double v = to_unit(mix(hash ^ 0x6c656e6774683032ULL));
  const double z = std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
  return static_cast<std::size_t>(
      std::clamp(kMedianTokens * std::exp(kSigma * z), kFewestTokens, kMostTokens));
}

std::size_t length(std::string_view prompt, std::uint64_t hash, Voice voice) {
  const std::size_t tokens = asked_length(prompt).value_or(drawn_length(hash));
  switch (voice) {
    case Voice::content:
      return tokens;
    case Voice::reasoning:
      return (tokens + 1) / 2;
    case Voice::json:
      return std::max<std::size_t>(tokens, 3);
  }
  return tokens;
}

std::uint64_t voice_hash(std::string_view prompt, Voice voice, std::uint64_t choice) {
  return mix(fnv1a64(prompt) ^ mix(static_cast<std::uint64_t>(voice) << 32 | choice));
}

}  // namespace

AnswerText::AnswerText(std::string_view prompt, Voice voice, std::uint64_t choice)
    : hash_(voice_hash(prompt, voice, choice)),
      voice_(voice),
      size_(length(prompt, fnv1a64(prompt), voice)) {}

std::uint64_t AnswerText::draw(std::size_t index, std::uint64_t purpose) const {
  return mix(hash_ ^ mix(static_cast<std::uint64_t>(index) << 3 | purpose));
}

bool AnswerText::ends_sentence(std::size_t index) const {
  return index + 1 == size_ || draw(index, 0) % 12 == 0;
}

std::string AnswerText::word(std::size_t index) const {
  const bool starts = index == 0 || ends_sentence(index - 1);
  const auto words = index == 1 || draw(index, 1) % 9 == 0 ? wide_words() : plain_words();
  std::string out;
  if (index > 0) out = starts && voice_ != Voice::json && draw(index, 2) % 5 == 0 ? "\n\n" : " ";
  const std::size_t at = out.size();
  out += words[draw(index, 3) % words.size()];
  if (starts && out[at] >= 'a' && out[at] <= 'z') out[at] = static_cast<char>(out[at] & ~0x20);
  if (ends_sentence(index)) {
    out += '.';
  } else if (draw(index, 4) % 14 == 0) {
    out += ',';
  }
  return out;
}

std::string AnswerText::token(std::size_t index) const {
  if (voice_ == Voice::json && index == 0) return R"({"answer":"Here)";
  if (voice_ == Voice::json && index + 1 == size_) return "\"}";
  return word(index);
}

std::string AnswerText::text(std::size_t count) const {
  std::string out;
  for (std::size_t i = 0; i < std::min(count, size_); ++i) out += token(i);
  return out;
}

std::optional<Continuation> continue_after(const AnswerText& text, std::string_view beginning) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (beginning.empty()) return Continuation{i, 0};
    const std::string token = text.token(i);
    if (token.starts_with(beginning) && beginning.size() < token.size()) {
      return Continuation{i, beginning.size()};
    }
    if (!beginning.starts_with(token)) return std::nullopt;
    beginning.remove_prefix(token.size());
  }
  if (beginning.empty()) return Continuation{text.size(), 0};
  return std::nullopt;
}

}  // namespace dujiang::sim
