#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "base/ascii.hpp"
#include "base/number.hpp"
#include "provider/classify.hpp"

namespace dujiang::provider {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Beyond this a server did not mean it.
constexpr std::chrono::hours kLongest(24);

std::optional<base::Duration> in_units(std::string_view text, double unit_seconds) {
  const auto amount = base::parse_number<double>(text);
  if (!amount) return std::nullopt;
  const double wait = *amount * unit_seconds;
  if (!std::isfinite(wait) || wait < 0 || wait > base::seconds(kLongest)) return std::nullopt;
  return std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(wait));
}

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, IMF-fixdate; the two obsolete forms have died out). In seconds, because the
// system clock's own unit ends in the year 2262, and four digits of a year don't.
std::optional<std::chrono::sys_seconds> http_date(std::string_view text) {
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
         seconds(*second);
}

}  // namespace

std::optional<base::Duration> read_retry_after(const http::Headers& headers, base::WallTime now) {
  if (const auto text = headers.get("retry-after-ms")) {
    if (auto wait = in_units(base::trim(*text), 0.001)) return wait;
  }
  const auto text = headers.get("retry-after");
  if (!text) return std::nullopt;
  const std::string_view value = base::trim(*text);
  if (auto wait = in_units(value, 1)) return wait;
  const auto date = http_date(value);
  if (!date) return std::nullopt;
  if (*date - std::chrono::floor<seconds>(now) > kLongest) return std::nullopt;
  if (*date <= std::chrono::floor<seconds>(now)) return base::Duration::zero();
  return std::chrono::duration_cast<base::Duration>(*date - now);
}

}  // namespace dujiang::provider
