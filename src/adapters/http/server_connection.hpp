// One connection of the HTTP front: reads requests one after the other, runs the handler for each and, while
// it runs, watches for the caller's leaving.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/http/server_buffer.hpp"
#include "adapters/http/server_core.hpp"
#include "adapters/net/conn.hpp"
#include "adapters/net/tcp.hpp"
#include "runtime/task.hpp"

namespace dujiang::adapters::http {

struct Exchange;

// How a connection came in.
struct Admission {
  std::string peer;          // "127.0.0.1:54321", or "unix"
  bool on_loopback = false;  // on an address of this machine only
  bool turned_away = false;  // beyond the limit of connections
  bool is_trusted = false;   // the peer may say whom its requests come from
};

class Connection {
 public:
  Connection(std::shared_ptr<ServerCore> core, std::unique_ptr<net::TcpConn> conn, Admission admission,
             Door door);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Serves until the connection ends.
  static runtime::Task<void> serve(std::shared_ptr<Connection> self);

  // Answers 503 and ends: there are too many connections.
  static runtime::Task<void> turn_away(std::shared_ptr<Connection> self);

  // Ends the connection if no request is under way on it.
  void close_if_idle();

  // Ends it whatever it does.
  void drop();

 private:
  friend struct Exchange;

  enum class Next : std::uint8_t { request, close };
  enum class Read : std::uint8_t { bytes, nothing_yet, ended };
  enum class Decoded : std::uint8_t { more, done, malformed, too_large, no_memory };
  struct Refusal {
    RefusalReason reason{};
    int status = 0;
    std::string_view code;  // static
    std::string message;
    dujiang::http::Headers more{};
  };

  // Passes what stands before the first request. False: the connection ends.
  static runtime::Task<bool> enter(std::shared_ptr<Connection> self);
  static runtime::Task<void> refuse_plain_http(std::shared_ptr<Connection> self);
  runtime::Task<Read> await_first_byte(char& first, base::TimePoint until);
  runtime::Task<bool> read_proxy_header(base::TimePoint until);
  runtime::Task<bool> shake_hands(base::TimePoint until);

  bool greet_page(Exchange& exchange);
  static runtime::Task<void> answer_preflight(Exchange& exchange);
  static runtime::Task<void> run_handler(std::shared_ptr<Exchange> exchange);
  // An answer of the front itself, which ends the connection. The views live as long as the call.
  static runtime::Task<bool> send_page(Exchange& exchange, int status, std::string_view code,
                                       std::string_view message, dujiang::http::Headers more = {});

  // For the log. A connection beyond the limit has made no request.
  static void note_refused(const Exchange& exchange, int status, std::string_view code,
                           std::string request_id);

  // The parts of a request. False: the connection ends (after a refusal, if there was someone to tell).
  runtime::Task<Next> serve_request(std::shared_ptr<Exchange> exchange);
  runtime::Task<bool> read_head(Exchange& exchange);
  runtime::Task<bool> read_rest_of_head(Exchange& exchange);
  runtime::Task<bool> check_head(Exchange& exchange);
  std::optional<Refusal> judge_head(Exchange& exchange);
  std::optional<Refusal> clear_head(Exchange& exchange);
  runtime::Task<bool> read_body(Exchange& exchange);
  runtime::Task<bool> read_body_after_word(Exchange& exchange);
  runtime::Task<bool> read_framed_body(Exchange& exchange);
  void take_body_from_buffer(Exchange& exchange, std::size_t length);
  void settle(Exchange& exchange);
  runtime::Task<bool> read_body_into_buffer(Exchange& exchange, std::size_t length);
  runtime::Task<bool> read_body_of_length(Exchange& exchange, std::size_t length);
  runtime::Task<bool> read_chunked_body(Exchange& exchange);
  runtime::Task<bool> wait_for_more(Exchange& exchange);
  runtime::Task<bool> yield(Exchange& exchange);

  Read read_some();
  Decoded decode(Exchange& exchange, std::string_view& bytes);
  void watch_caller(Exchange& exchange);
  runtime::Task<bool> refuse(Exchange& exchange, Refusal refusal);
  Refusal body_too_large(const Exchange& exchange) const;
  static Refusal memory_full();
  runtime::Task<bool> refuse_for_memory(Exchange& exchange);
  runtime::Task<void> linger();
  bool has_unread_bytes();

  std::shared_ptr<ServerCore> core_;
  std::unique_ptr<net::Conn> conn_;
  Admission admission_;
  const Door door_;
  ReadBuffer buffer_;
  std::string next_bytes_;        // of later requests, read while one was under way
  Exchange* exchange_ = nullptr;  // the request under way
  bool idle_ = false;
  bool ending_ = false;
};

}  // namespace dujiang::adapters::http
