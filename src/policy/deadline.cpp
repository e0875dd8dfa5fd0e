#include "policy/deadline.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>

#include "base/ascii.hpp"

namespace dujiang::policy {

namespace {

constexpr std::int64_t kLongestMs = 24LL * 3600 * 1000;

// A header's value for a message: its start, without bytes that a terminal or a log could take amiss.
std::string quoted(std::string_view value) {
  constexpr std::size_t kShown = 40;
  std::string text = "\"";
  for (const char c : value.substr(0, kShown)) text += c >= 0x20 && c < 0x7f && c != '"' ? c : '?';
  if (value.size() > kShown) text += "...";
  return text + "\"";
}

base::Result<base::Duration> own_deadline(std::string_view header) {
  const std::string_view text = base::trim(header);
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (error != std::errc{} || end != text.data() + text.size() || ms < 1 || ms > kLongestMs) {
    return base::fail("x-dujiang-deadline-ms must be a whole number of milliseconds from 1 to " +
                      std::to_string(kLongestMs) + ", not " + quoted(text) + ".");
  }
  return std::chrono::milliseconds(ms);
}

// Seconds with or without a fraction; nothing for "None", "0" and whatever else is no usable time.
std::optional<base::Duration> sdk_timeout(std::optional<std::string_view> header) {
  if (!header) return std::nullopt;
  const std::string_view text = base::trim(*header);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  const double ms = std::min(value * 1000, static_cast<double>(kLongestMs));
  if (ms < 1) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(ms));
}

std::optional<base::Duration> least(std::optional<base::Duration> a, std::optional<base::Duration> b) {
  if (a && b) return std::min(*a, *b);
  return a ? a : b;
}

}  // namespace

base::Result<Deadline> deadline_of(const DeadlineHeaders& headers, const route::Clocks& clocks, bool stream,
                                   base::TimePoint received) {
  constexpr base::Duration kMargin = std::chrono::milliseconds(500);
  base::Duration total = stream ? clocks.stream_total : clocks.total;
  if (headers.dujiang_deadline_ms) {
    const auto own = own_deadline(*headers.dujiang_deadline_ms);
    if (!own) return std::unexpected(own.error());
    total = std::min(total, *own);
  }
  Deadline deadline;
  const auto sdk = least(sdk_timeout(headers.stainless_read_timeout), sdk_timeout(headers.stainless_timeout));
  if (stream) {
    deadline.silence = sdk;
  } else if (sdk) {
    total = std::min(total, *sdk);
  }
  deadline.until = base::after(received, std::max(total - kMargin, total / 2));
  return deadline;
}

}  // namespace dujiang::policy
