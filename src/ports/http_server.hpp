// The way in: what the HTTP front hands to the engine, one call at a time, and what it takes back.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "http/headers.hpp"
#include "policy/caller_key.hpp"
#include "runtime/task.hpp"

namespace dujiang::ports {

// A request, read whole and checked. Views and references live as long as the handler runs.
struct CallerRequest {
  std::string_view method;
  std::string_view path;   // without query; "/v1/chat/completions"
  std::string_view query;  // without '?'
  const http::Headers& headers;
  std::string_view body;     // followed by at least 64 readable bytes (simdjson's padding)
  std::string_view peer;     // "127.0.0.1:54321", "unix", or the address that a trusted proxy tells
  base::TimePoint received;  // when the head was complete
  std::stop_token gone;      // stops when the caller hangs up
  std::shared_ptr<const policy::CallerKey> key{};  // whose call it is; null where callers need no key
};

// A request of which only the head has been read; the views live as long as the call that gets it.
struct CallerHead {
  std::string_view method;
  std::string_view path;
  const http::Headers& headers;
  std::string_view peer;
};

// An answer in the place of what was asked for.
struct HeadRefusal {
  int status = 0;
  std::string_view code;  // static
  std::string message;
  http::Headers more{};
};

// What a head is worth: whose request it is and how much of a body it may bring, or why it ends here.
struct Clearance {
  std::shared_ptr<const policy::CallerKey> key{};
  std::optional<std::uint64_t> max_body{};  // where that is less than what the front takes
  std::optional<HeadRefusal> refusal{};
};

// A request that the front answered by itself, for the log. Views as in CallerHead.
struct RefusedRequest {
  std::string_view method;  // empty, as the path, where the head was not understood
  std::string_view path;
  std::string_view peer;
  std::string_view key_name;  // empty: none
  std::string request_id;
  int status = 0;
  std::string_view code;
  base::TimePoint began{};  // its first byte
  std::uint64_t response_bytes = 0;
};

// Where the application has its say in what the front does by itself. Empty ones say nothing.
struct FrontHooks {
  std::function<Clearance(const CallerHead&)> clear{};  // before the body is read
  std::function<void(const RefusedRequest&)> refused{};
};

// The answer to one request. start() once, then write() any number of times, then finish() or abort().
class CallerReply {
 public:
  virtual ~CallerReply() = default;

  // Sends status and headers. `length` gives the body's size; without it the body is chunked, or delimited by
  // close for HTTP/1.0. May be held back until the first write() or finish(), so that both leave together.
  virtual void start(int status, const http::Headers& headers, std::optional<std::uint64_t> length) = 0;

  // Sends body bytes; resumes when the kernel has taken them. False when the caller is gone.
  virtual runtime::Task<bool> write(std::string_view bytes) = 0;

  // Ends the message properly.
  virtual runtime::Task<bool> finish() = 0;

  // The request's body is looked at no more, so that its memory may go: a stream can outlast it by hours.
  virtual void forget_body() {}

  // Ends the connection so that no client can take the answer for whole (a reset, no last chunk).
  virtual void abort() = 0;

  virtual bool started() const = 0;
  virtual std::uint64_t bytes_written() const = 0;  // of body
};

// Serves one request. When it returns, the reply is finished or aborted.
using Handler = std::function<runtime::Task<void>(const CallerRequest&, CallerReply&)>;

}  // namespace dujiang::ports
