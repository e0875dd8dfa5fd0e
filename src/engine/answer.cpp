#include "engine/answer.hpp"

#include <utility>

namespace dujiang::engine {

void Answer::add_provenance(http::Headers& headers) const {
  if (!provenance_.served_by.empty()) headers.add("x-dujiang-served-by", provenance_.served_by);
  headers.add("x-dujiang-attempts", std::to_string(provenance_.attempts));
  if (!provenance_.upstream_request_id.empty()) {
    headers.add("x-dujiang-upstream-request-id", provenance_.upstream_request_id);
  }
}

void Answer::begin(int status, std::string_view content_type, std::optional<std::uint64_t> length,
                   const http::Headers& more) {
  http::Headers headers{{"Content-Type", content_type}, {"x-request-id", request_id_}};
  for (const auto& [name, value] : standing_) headers.add(name, value);
  for (const auto& [name, value] : more) headers.add(name, value);
  if (!headers_late_) {
    add_provenance(headers);
    for (const auto& [name, value] : provenance_.upstream_headers) {
      // The upstream's own would tell a caller where the operator stands, beside where he does himself.
      if (standing_.empty() || !standing_.get(name)) headers.add(name, value);
    }
  }
  reply_.start(status, headers, length);
  status_ = status;
}

void Answer::begin_stream() {
  // The second field keeps nginx-like proxies from holding events back.
  begin(200, "text/event-stream", std::nullopt, {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}});
}

runtime::Task<bool> Answer::sign_of_life() {
  if (!begun()) {
    headers_late_ = true;
    if (stream_) {
      begin_stream();
    } else {
      begin(200, "application/json", std::nullopt, {});
    }
  }
  co_return co_await reply_.write(format_.sign_of_life(stream_));
}

runtime::Task<bool> Answer::stream_bytes(std::string_view bytes) {
  if (!begun()) begin_stream();
  return reply_.write(bytes);
}

runtime::Task<bool> Answer::end_stream(std::string_view end) {
  std::string last;
  if (headers_late_) {
    http::Headers late;
    add_provenance(late);
    last = format_.late_headers(late);
  }
  last += end;
  if (!co_await stream_bytes(last)) co_return false;
  co_return co_await reply_.finish();
}

runtime::Task<bool> Answer::whole(std::string_view body, std::string_view content_type) {
  if (!begun()) begin(200, content_type, body.size(), {});
  if (!co_await reply_.write(body)) co_return false;
  co_return co_await reply_.finish();
}

runtime::Task<bool> Answer::fail(api::ApiError error, http::Headers more) {
  if (!begun()) {
    const std::string body = format_.error_body(error);
    format_.add_error_headers(error, more);
    provenance_.upstream_headers = {};
    begin(error.status, "application/json", body.size(), more);
    if (!co_await reply_.write(body)) co_return false;
    co_return co_await reply_.finish();
  }
  if (stream_) {
    if (!co_await reply_.write(format_.error_event(error))) co_return false;
    co_return co_await reply_.finish();
  }
  reply_.abort();
  co_return true;
}

}  // namespace dujiang::engine
