#include "adapters/log/json_log.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <chrono>
#include <string>
#include <utility>

#include "adapters/log/json_text.hpp"

namespace dujiang::adapters::log {
namespace {

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::off:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

std::string_view level_name(Level level) { return level == Level::warning ? "warning" : "info"; }

// UTC with milliseconds, "2026-11-24T06:47:26.123Z".
std::string iso_time(base::WallTime at) {
  using namespace std::chrono;
  const auto since = floor<milliseconds>(at.time_since_epoch());
  const std::time_t seconds = static_cast<std::time_t>(floor<std::chrono::seconds>(since).count());
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     (since % std::chrono::seconds(1)).count());
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

}  // namespace

class JsonLog::Impl {
 public:
  Impl(Level level, Clock clock, spdlog::sink_ptr sink)
      : clock_(std::move(clock)), logger_("dujiang", std::move(sink)) {
    logger_.set_level(spdlog_level(level));
    logger_.set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
  }

  bool writes(Level level) const { return logger_.should_log(spdlog_level(level)); }

  // `fill` adds the fields after time, level and event.
  template <class Fill>
  void line(Level level, std::string_view event, Fill fill) {
    if (!writes(level)) return;
    buffer_.clear();
    JsonObject object(buffer_);
    object.field("time", iso_time(clock_()));
    object.field("level", level_name(level));
    object.field("event", event);
    fill(object, buffer_);
    object.end();
    logger_.log(spdlog_level(level), spdlog::string_view_t(buffer_.data(), buffer_.size()));
  }

 private:
  Clock clock_;
  spdlog::logger logger_;
  std::string buffer_;
};

JsonLog::JsonLog(Level level, Clock clock)
    : impl_(std::make_unique<Impl>(level, std::move(clock),
                                   std::make_shared<spdlog::sinks::stderr_sink_st>())) {}

JsonLog::JsonLog(Level level, Clock clock, std::ostream& to)
    : impl_(std::make_unique<Impl>(level, std::move(clock),
                                   std::make_shared<spdlog::sinks::ostream_sink_st>(to))) {}

JsonLog::~JsonLog() = default;

void JsonLog::request(const ports::AccessLine& line) {
  impl_->line(Level::info, "request",
              [&](JsonObject& object, std::string& out) { append_request(object, out, line); });
}

void JsonLog::message(Level level, std::string_view event, std::string_view text) {
  impl_->line(level, event, [&](JsonObject& object, std::string&) { object.field("message", text); });
}

void JsonLog::notice(std::string_view event, std::string_view text) { message(Level::info, event, text); }

void JsonLog::warning(std::string_view event, std::string_view text) { message(Level::warning, event, text); }

}  // namespace dujiang::adapters::log
