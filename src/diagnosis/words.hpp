// How observations are put into words.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace dujiang::diagnosis {

// "<1 ms", "340 ms", "2.5 s".
std::string span_text(base::Duration span);

// Whole seconds and more: "4 s", "3 min", "1 h 0 min", "12 days".
std::string long_span_text(base::Duration span);

// "2027-03-01".
std::string day_text(base::WallTime at);

// Somebody else's words for a person at a terminal: one line, nothing that a terminal obeys, not too long.
std::string one_line(std::string_view words);
std::string quoted(std::string_view words);  // the same, in quotation marks

// "a, b, c and 4 more".
std::string list_text(const std::vector<std::string>& names, std::size_t most);

// "1 key", "2 keys".
std::string count_text(std::size_t count, std::string_view noun);

}  // namespace dujiang::diagnosis
