// One send to one upstream: drives the exchange under its clocks, reads what comes in whatever form it comes,
// and records the facts by which provider::classify judges it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/sse.hpp"
#include "api/stream_event.hpp"
#include "engine/caller.hpp"
#include "engine/delivery.hpp"
#include "engine/upstream.hpp"
#include "policy/clocks.hpp"
#include "ports/http_client.hpp"
#include "provider/attempt_record.hpp"
#include "provider/dialect.hpp"
#include "provider/normalise.hpp"
#include "runtime/loop.hpp"

namespace dujiang::engine {

struct AttemptRequest {
  Setup setup;
  std::string method;
  std::string target;
  http::Headers headers;
  std::string_view body;                // as it came; must last until is_done_with_body()
  std::optional<std::string> new_body;  // in its place
  api::Operation operation{};
  bool streamed = false;
  std::uint32_t choices = 1;
  bool one_token = false;
  std::size_t max_body = 0;     // of an answer in one piece
  std::string served_by;        // "upstream/model"
  std::uint32_t number = 1;     // among the attempts of the request
  bool repeat_on_stale = true;  // false where the caller allows no other attempt: see ports::ClientRequest
};

class Attempt {
 public:
  // Asked when the first token is late: whether the request can go to another target at once. If not, the
  // attempt goes on.
  using MayMove = std::function<runtime::Task<bool>()>;

  Attempt(runtime::Loop& loop, ports::HttpClient& client, AttemptRequest request,
          policy::AttemptClocks clocks, MayMove may_move);
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;
  ~Attempt();

  // Runs until the answer is whole, the way breaks, a clock runs out or the caller is gone.
  runtime::Task<void> run(Caller& caller, Delivery& delivery);

  // The facts. Its views live as long as the attempt.
  const provider::AttemptRecord& record() const { return record_; }

  // The answer in one piece; moves it out. Empty where the attempt streamed.
  std::string take_body() { return std::move(body_); }

  // Whom it asks, as that was configured when it began.
  const Setup& setup() const { return request_->setup; }

  // Who answered, once. REQUIRES: a head of success came.
  Provenance take_provenance() { return std::move(provenance_); }

  // Whether the body is looked at no more.
  bool is_done_with_body() const;

  std::string_view endpoint() const { return exchange_->endpoint(); }
  base::TimePoint started() const { return started_; }
  std::optional<base::TimePoint> first_token() const { return first_token_; }
  // Events that brought something to read: about the tokens that were generated.
  std::uint64_t tokens_seen() const { return tokens_seen_; }
  const std::string& detail() const { return detail_; }

 private:
  enum class Form : std::uint8_t { undecided, whole, events };

  void on_head(Delivery& delivery);
  void on_body(std::string_view bytes, Delivery& delivery);
  runtime::Task<void> flush(Caller& caller, Delivery& delivery);
  void decide_form(std::string_view bytes);
  void add_to_body(std::string_view bytes);
  void read_events(Delivery& delivery);
  void on_item(const api::SseItem& item, api::StreamEventReader& reader, Delivery& delivery);
  void on_event(const api::StreamEvent& event, Delivery& delivery);
  void on_end(Delivery& delivery);
  void end_without_caller();
  void end(provider::Ended how);
  base::TimePoint due() const;
  // Whether a clock has run out; then it stands in the record.
  runtime::Task<bool> look_at_clocks();

  runtime::Loop& loop_;
  ports::HttpClient& client_;
  std::unique_ptr<AttemptRequest> request_;
  policy::AttemptClocks clocks_;
  MayMove may_move_;
  std::unique_ptr<ports::HttpExchange> exchange_;

  Form form_ = Form::undecided;
  std::string body_;  // of an answer in one piece or of an error; before the form is known, what came
  api::SseDecoder sse_;
  provider::StreamNormaliser normaliser_;

  bool over_ = false;
  base::TimePoint started_{};
  base::TimePoint error_due_ = base::kNever;  // an error's body is waited for no longer
  std::optional<base::TimePoint> first_token_;
  std::uint64_t tokens_seen_ = 0;
  std::string detail_;
  provider::AttemptRecord record_;
  Provenance provenance_;
};

}  // namespace dujiang::engine
