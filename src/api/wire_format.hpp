// The way callers speak: how a request is read, and how answers and errors are put to them.
//
// One implementation per folder under api/. Upstreams are always spoken to in OpenAI's form, which Call and
// StreamEvent describe; a format that differs from it translates here, and nothing else knows of it.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/call.hpp"
#include "api/error.hpp"
#include "api/operation.hpp"
#include "api/stream_event.hpp"
#include "http/headers.hpp"

namespace dujiang::api {

// What every chunk of one answer shall say, so that an answer made of several attempts reads as one.
struct StreamIdentity {
  std::optional<std::string> id;
  std::optional<std::string> model;
  std::optional<std::int64_t> created;
};

// One streamed answer in the caller's format.
class StreamEncoder {
 public:
  StreamEncoder() = default;
  StreamEncoder(const StreamEncoder&) = delete;
  StreamEncoder& operator=(const StreamEncoder&) = delete;
  virtual ~StreamEncoder() = default;

  // From now on events carry these; by default they stay as they came.
  virtual void set_identity(StreamIdentity identity) = 0;

  // Appends the event's bytes, if the caller is to see it at all.
  virtual void append(std::string& out, const StreamEvent& event) = 0;

  // Appends the proper end of a whole stream.
  virtual void append_end(std::string& out) = 0;
};

class WireFormat {
 public:
  WireFormat() = default;
  WireFormat(const WireFormat&) = delete;
  WireFormat& operator=(const WireFormat&) = delete;
  virtual ~WireFormat() = default;

  virtual PathMatch match(std::string_view method, std::string_view path) const = 0;
  virtual std::expected<Call, ApiError> read(Operation operation, std::string_view body) const = 0;

  virtual std::string error_body(const ApiError& error) const = 0;
  virtual std::string error_event(const ApiError& error) const = 0;
  virtual void add_error_headers(const ApiError& error, http::Headers& headers) const = 0;

  virtual std::unique_ptr<StreamEncoder> stream(const Call& call) const = 0;
  virtual std::string_view sign_of_life(bool stream) const = 0;

  // Headers that were not known when the 200 went out early, for a place before the end of a stream (rule 8).
  virtual std::string late_headers(const http::Headers& headers) const = 0;

  // Appends something that a reader of the stream passes over and a person who debugs it sees.
  virtual void append_comment(std::string& out, std::string_view text) const = 0;

  virtual std::string models_body(std::span<const std::string> ids, std::int64_t created) const = 0;
  virtual std::string model_body(std::string_view id, std::int64_t created) const = 0;
};

}  // namespace dujiang::api
