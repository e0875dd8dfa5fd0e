#include "http/date.hpp"

#include <array>
#include <chrono>
#include <string_view>

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

}  // namespace dujiang::http
