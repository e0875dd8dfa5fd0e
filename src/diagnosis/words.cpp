#include "diagnosis/words.hpp"

#include <fmt/format.h>

#include <chrono>

#include "base/ascii.hpp"

namespace dujiang::diagnosis {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::string span_text(base::Duration span) {
  if (span < milliseconds(1)) return "<1 ms";
  if (span < seconds(1)) return fmt::format("{} ms", std::chrono::round<milliseconds>(span).count());
  return fmt::format("{:.1f} s", base::seconds(span));
}

std::string long_span_text(base::Duration span) {
  if (span < minutes(1)) return fmt::format("{} s", std::chrono::floor<seconds>(span).count());
  if (span < hours(1)) return fmt::format("{} min", std::chrono::floor<minutes>(span).count());
  if (span < days(2)) {
    const auto whole = std::chrono::floor<hours>(span);
    return fmt::format("{} h {} min", whole.count(), std::chrono::floor<minutes>(span - whole).count());
  }
  return fmt::format("{} days", std::chrono::floor<days>(span).count());
}

std::string day_text(base::WallTime at) {
  const std::chrono::year_month_day day(std::chrono::floor<days>(at));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

std::string one_line(std::string_view words) {
  constexpr std::size_t kMost = 240;
  std::string text;
  for (const char c : base::trim(words)) {
    const bool blank = static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
    if (blank && text.ends_with(' ')) continue;
    text += blank ? ' ' : c;
  }
  if (text.ends_with(' ')) text.pop_back();
  if (text.size() <= kMost) return text;
  std::size_t end = kMost;  // not in the middle of a character of UTF-8
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string quoted(std::string_view words) { return "\"" + one_line(words) + "\""; }

std::string list_text(const std::vector<std::string>& names, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < most; ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > most) text += fmt::format(" and {} more", names.size() - most);
  return text;
}

std::string count_text(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace dujiang::diagnosis
