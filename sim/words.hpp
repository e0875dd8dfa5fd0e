// The words that answers are made of.
#pragma once

#include <span>
#include <string_view>

namespace dujiang::sim {

// English, lower case, ASCII.
std::span<const std::string_view> plain_words();

// Words with characters of two, three and four bytes: accented, Chinese, emoji (some of several code points).
std::span<const std::string_view> wide_words();

}  // namespace dujiang::sim
