#include "adapters/log/json_log.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string>

#include "adapters/log/json_text.hpp"

namespace dujiang::adapters::log {
namespace {

std::string_view level_name(Level level) { return level == Level::warning ? "warning" : "info"; }

// UTC with milliseconds, "2026-11-24T06:47:26.123Z", until the next call. All but the milliseconds is worked
// out once a second.
std::string_view iso_time(base::WallTime at) {
  using namespace std::chrono;
  constexpr std::size_t kMillis = std::string_view("2026-11-24T06:47:26.").size();
  thread_local std::time_t told = -1;
  thread_local std::string text;
  const auto since = floor<milliseconds>(at.time_since_epoch());
  const auto second = static_cast<std::time_t>(floor<seconds>(since).count());
  if (text.empty() || std::exchange(told, second) != second) {
    std::tm utc{};
    gmtime_r(&second, &utc);
    text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.000Z", utc.tm_year + 1900, utc.tm_mon + 1,
                       utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
    told = second;
  }
  auto rest = (since % seconds(1)).count();
  for (std::size_t i = 3; i-- > 0; rest /= 10) text[kMillis + i] = static_cast<char>('0' + rest % 10);
  return text;
}

void append_attempts(std::string& out, const std::vector<ports::AttemptLine>& attempts) {
  out += '[';
  for (const ports::AttemptLine& attempt : attempts) {
    if (&attempt != &attempts.front()) out += ',';
    JsonObject object(out);
    object.field("upstream", attempt.upstream);
    object.field("model", attempt.model);
    if (!attempt.endpoint.empty()) object.field("endpoint", attempt.endpoint);
    object.field("outcome", attempt.outcome);
    if (!attempt.detail.empty()) object.field("detail", attempt.detail);
    object.field("billing", attempt.billing);
    if (attempt.status != 0) object.field("status", attempt.status);
    object.seconds("seconds", attempt.seconds);
    object.end();
  }
  out += ']';
}

void append_request(JsonObject& object, std::string& out, const ports::AccessLine& line) {
  object.field("id", line.request_id);
  object.field("peer", line.peer);
  if (!line.caller.empty()) object.field("caller", line.caller);
  object.field("method", line.method);
  object.field("path", line.path);
  object.field("route", line.route);
  object.field("model", line.model);
  object.field("class", line.caller_class);
  object.field("stream", line.stream);
  object.field("status", line.status);
  object.field("result", line.result);
  object.field("served_by", line.served_by);
  object.begin_field("attempts");
  append_attempts(out, line.attempts);
  object.seconds("queue_seconds", line.queue_seconds);
  if (line.first_token_seconds) object.seconds("first_token_seconds", *line.first_token_seconds);
  object.seconds("seconds", line.seconds);
  object.field("request_bytes", line.request_bytes);
  object.field("response_bytes", line.response_bytes);
  if (line.prompt_tokens) object.field("prompt_tokens", *line.prompt_tokens);
  if (line.completion_tokens) object.field("completion_tokens", *line.completion_tokens);
}

// `fill` adds the fields after time, level and event.
template <class Fill>
void append_line(std::string& out, base::WallTime at, Level level, std::string_view event, Fill fill) {
  JsonObject object(out);
  object.field("time", iso_time(at));
  object.field("level", level_name(level));
  object.field("event", event);
  fill(object);
  object.end();
  out += '\n';
}

// One for each thread: lines are built without a lock and, but for the first ones, without memory of their
// own.
std::string& empty_buffer() {
  thread_local std::string buffer;
  buffer.clear();
  return buffer;
}

std::string message_line(base::WallTime at, Level level, std::string_view event, std::string_view message) {
  std::string out;
  append_line(out, at, level, event, [&](JsonObject& object) { object.field("message", message); });
  return out;
}

}  // namespace

std::string losses_line(std::uint64_t lost, std::string_view why) {
  return message_line(
      base::WallTime::clock::now(), Level::warning, "log_lines_lost",
      fmt::format("{} lines are missing here: {}", lost, why.empty() ? "their reader was too slow" : why));
}

void JsonLog::request(const ports::AccessLine& line) {
  if (level_ > Level::info) return;
  std::string& out = empty_buffer();
  append_line(out, clock_(), Level::info, "request",
              [&](JsonObject& object) { append_request(object, out, line); });
  to_.append(out);
}

void JsonLog::message(Level level, std::string_view event, std::string_view text) {
  if (level_ <= level) to_.append(message_line(clock_(), level, event, text));
}

void JsonLog::notice(std::string_view event, std::string_view text) { message(Level::info, event, text); }

void JsonLog::warning(std::string_view event, std::string_view text) { message(Level::warning, event, text); }

}  // namespace dujiang::adapters::log
