#include <chrono>
#include <cmath>

#include "base/ascii.hpp"
#include "base/number.hpp"
#include "http/date.hpp"
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

}  // namespace

std::optional<base::Duration> read_retry_after(const http::Headers& headers, base::WallTime now) {
  if (const auto text = headers.get("retry-after-ms")) {
    if (auto wait = in_units(base::trim(*text), 0.001)) return wait;
  }
  const auto text = headers.get("retry-after");
  if (!text) return std::nullopt;
  const std::string_view value = base::trim(*text);
  if (auto wait = in_units(value, 1)) return wait;
  const auto date = http::parse_date(value);
  if (!date) return std::nullopt;
  if (*date - std::chrono::floor<seconds>(now) > kLongest) return std::nullopt;
  if (*date <= std::chrono::floor<seconds>(now)) return base::Duration::zero();
  return std::chrono::duration_cast<base::Duration>(*date - now);
}

}  // namespace dujiang::provider
