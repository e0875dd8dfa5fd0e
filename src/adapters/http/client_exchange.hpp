// One request and its answer over a connection of an upstream's pool.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/http/client_response.hpp"
#include "adapters/http/client_upstream.hpp"
#include "ports/http_client.hpp"

namespace dujiang::adapters::http {

class ClientExchange final : public ports::HttpExchange {
 public:
  ClientExchange(std::shared_ptr<ClientUpstream> upstream, ports::ClientRequest request);
  ~ClientExchange() override;

  runtime::Task<ports::HttpEvent> next(base::TimePoint until) override;
  void interrupt() override;
  int status() const override { return reader_ ? reader_->status() : 0; }
  const dujiang::http::Headers& headers() const override;
  ports::Sent sent() const override;
  bool is_done_with_body() const override;
  std::string_view endpoint() const override { return endpoint_; }

 private:
  // A connection in use and what is still to be written to it. Shared with the coroutine that writes what the
  // kernel did not take at once, so that it never writes from a request that is gone.
  struct Wire;
  using WirePtr = std::shared_ptr<Wire>;

  enum class Phase : std::uint8_t { fresh, acquiring, talking, ended };

  void acquire(Freshness freshness);
  runtime::Signal& progress();
  runtime::Task<ports::HttpEvent> wait_for_next(base::TimePoint until);
  std::optional<ports::HttpEvent> step();
  std::optional<ports::HttpEvent> advance();
  std::optional<ports::HttpEvent> adopt();
  void send();
  static runtime::Task<void> write_rest(WirePtr wire);
  std::optional<ports::HttpEvent> receive();
  bool turn_is_used_up() const;
  std::optional<ports::HttpEvent> deliver(ResponseReader::Step step);
  bool repeat_if_stale(ports::IoFailure failure);
  void release();
  void drop_wire();
  ports::HttpEvent end_with(ports::HttpEvent event);

  std::shared_ptr<ClientUpstream> upstream_;
  ports::ClientRequest request_;
  Phase phase_ = Phase::fresh;
  std::shared_ptr<ClientUpstream::Acquiring> acquiring_;
  WirePtr wire_;
  std::unique_ptr<ResponseReader> reader_;
  std::string endpoint_;
  ports::Sent sent_before_ = ports::Sent::nothing;  // over connections given up
  unsigned steps_ = 0;                              // in this turn of the loop, or in several
  bool interrupted_ = false;
  bool repeated_ = false;
  ports::HttpEvent last_;  // the end or the failure, told again
};

}  // namespace dujiang::adapters::http
