// The caller's side of one exchange: what has gone out, and so what can still be said.
//
// Before the first byte an error has a status of its own. After an early 200 (rule 8) a stream can still end
// with an error event, while an answer in one piece can only be aborted: an error object under a 200 would be
// taken for an answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "api/error.hpp"
#include "api/wire_format.hpp"
#include "http/headers.hpp"
#include "ports/http_server.hpp"
#include "runtime/task.hpp"

namespace dujiang::engine {

// Who answered: shown in the answer's headers, or, where those went out early, in a comment.
struct Provenance {
  std::string served_by;  // "upstream/model"
  std::uint32_t attempts = 0;
  std::string upstream_request_id;
  http::Headers upstream_headers;  // those that cross to the caller
};

class Answer {
 public:
  // `request_id` must outlive the answer.
  Answer(ports::CallerReply& reply, const api::WireFormat& format, std::string_view request_id, bool stream)
      : reply_(reply), format_(format), request_id_(request_id), stream_(stream) {}

  // Whether a status has gone out.
  bool begun() const { return status_ != 0; }
  int status() const { return status_; }
  std::uint64_t bytes_written() const { return reply_.bytes_written(); }

  // Fields of every answer, set before the first byte: where the caller stands.
  void set_standing(http::Headers standing) { standing_ = std::move(standing); }

  // Set before the first answer byte.
  void set_provenance(Provenance provenance) { provenance_ = std::move(provenance); }

  // False from here on means that the caller is gone.
  runtime::Task<bool> sign_of_life();
  runtime::Task<bool> stream_bytes(std::string_view bytes);

  // The proper end of a whole stream: late headers, then `end`.
  runtime::Task<bool> end_stream(std::string_view end);

  runtime::Task<bool> whole(std::string_view body, std::string_view content_type = "application/json");

  // The one explicit failure, in whatever form is left; `more` headers if a status can still be sent.
  runtime::Task<bool> fail(api::ApiError error, http::Headers more = {});

 private:
  void begin(int status, std::string_view content_type, std::optional<std::uint64_t> length,
             const http::Headers& more);
  void begin_stream();
  void add_provenance(http::Headers& headers) const;

  ports::CallerReply& reply_;
  const api::WireFormat& format_;
  std::string_view request_id_;
  bool stream_;
  http::Headers standing_;
  Provenance provenance_;
  int status_ = 0;
  bool headers_late_ = false;
};

}  // namespace dujiang::engine
