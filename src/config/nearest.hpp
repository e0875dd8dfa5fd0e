// "Did you mean …?": the known word that was probably meant.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dujiang::config {

// The nearest of the known words, if few enough letters are added, dropped, changed or swapped: one, or a
// third of the word's length.
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known);

// "; did you mean `x`?" or "; known are `a`, `b`", to end a message with.
std::string suggestion(std::string_view word, std::span<const std::string_view> known);

}  // namespace dujiang::config
