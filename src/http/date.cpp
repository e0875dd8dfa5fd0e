#include "http/date.hpp"

#include <algorithm>
#include <array>

#include "base/number.hpp"

namespace dujiang::http {
namespace {

void append_digits(std::string& out, unsigned value, unsigned unit) {
  for (; unit > 0; unit /= 10) out += static_cast<char>('0' + value / unit % 10);
}

}  // namespace

std::string format_date(base::WallTime at) {
  constexpr std::array<std::string_view, 7> kDays = {"Sun, ", "Mon, ", "Tue, ", "Wed, ",
                                                     "Thu, ", "Fri, ", "Sat, "};
  constexpr std::array<std::string_view, 12> kMonths = {" Jan ", " Feb ", " Mar ", " Apr ", " May ", " Jun ",
                                                        " Jul ", " Aug ", " Sep ", " Oct ", " Nov ", " Dec "};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const auto seconds = static_cast<unsigned>(std::chrono::floor<std::chrono::seconds>(at - day).count());
  std::string text(kDays[std::chrono::weekday(day).c_encoding()]);
  append_digits(text, static_cast<unsigned>(date.day()), 10);
  text += kMonths[static_cast<unsigned>(date.month()) - 1];
  append_digits(text, static_cast<unsigned>(static_cast<int>(date.year())), 1000);
  text += ' ';
  append_digits(text, seconds / 3600, 10);
  text += ':';
  append_digits(text, seconds / 60 % 60, 10);
  text += ':';
  append_digits(text, seconds % 60, 10);
  return text + " GMT";
}

std::optional<std::chrono::sys_seconds> parse_date(std::string_view text) {
  constexpr std::size_t kLength = 29;
  if (text.size() != kLength || !text.ends_with(" GMT")) return std::nullopt;
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto* month = std::ranges::find(kMonths, text.substr(8, 3));
  const auto day = base::parse_number<unsigned>(text.substr(5, 2));
  const auto year = base::parse_number<unsigned>(text.substr(12, 4));
  const auto hour = base::parse_number<unsigned>(text.substr(17, 2));
  const auto minute = base::parse_number<unsigned>(text.substr(20, 2));
  const auto second = base::parse_number<unsigned>(text.substr(23, 2));
  if (month == kMonths.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;  // 60: a leap second
  const std::chrono::year_month_day date{
      std::chrono::year(static_cast<int>(*year)),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1), std::chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

}  // namespace dujiang::http
