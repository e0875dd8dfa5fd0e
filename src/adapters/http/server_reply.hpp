// The answer to one request on its way to the caller: framing, coalesced writes, and the news that the caller
// left.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/http/server_core.hpp"
#include "adapters/net/conn.hpp"
#include "ports/http_server.hpp"

namespace dujiang::adapters::http {

class Reply final : public ports::CallerReply {
 public:
  Reply(ServerCore& core, net::Conn& conn, std::function<void()> forget_body)
      : core_(core), conn_(conn), forget_body_(std::move(forget_body)) {}

  // What the request allows; before that an answer is one for HTTP/1.1 that closes.
  void prepare(int minor_version, bool to_head, bool keep_alive);

  // Lines for the head of whatever answer there will be, each with its end.
  void add_lines(std::string lines) { more_lines_ = std::move(lines); }

  void start(int status, const dujiang::http::Headers& headers, std::optional<std::uint64_t> length) override;
  // An empty write sends the head if it is still held back.
  runtime::Task<bool> write(std::string_view bytes) override;
  runtime::Task<bool> finish() override;
  void forget_body() override { forget_body_(); }
  void abort() override;
  bool started() const override { return state_ != State::fresh; }
  std::uint64_t bytes_written() const override { return body_bytes_; }

  // Tells the caller to go on with its body.
  runtime::Task<bool> send_continue();

  // The caller has left: stops `gone` and lets writes fail.
  void caller_left();
  std::stop_token gone() const { return gone_.get_token(); }
  bool is_gone() const { return gone_.stop_requested(); }

  bool finished() const { return state_ == State::finished; }
  bool ended() const { return state_ == State::finished || state_ == State::aborted; }
  // Whether the answer is complete and the connection may carry another one.
  bool keeps_connection() const { return finished() && keep_alive_ && !is_gone(); }

 private:
  enum class State : std::uint8_t { fresh, open, finished, aborted };
  enum class Framing : std::uint8_t { none, length, chunked, until_close };

  void choose_framing(int status, std::optional<std::uint64_t> length);
  void build_head(int status, const dujiang::http::Headers& headers);
  runtime::Task<bool> send_body(std::string_view bytes);
  runtime::Task<bool> send_large_chunk(std::string_view bytes);
  runtime::Task<bool> send_end();
  runtime::Task<bool> send(std::string_view first, std::string_view second);
  runtime::Task<bool> send_rest(std::string_view first, std::string_view second);
  std::optional<bool> write_some(std::string_view& first, std::string_view& second);
  runtime::Task<bool> flush();

  ServerCore& core_;
  net::Conn& conn_;
  std::function<void()> forget_body_;
  std::stop_source gone_;
  std::string more_lines_;
  std::string out_;         // head and framing not yet sent
  std::uint64_t left_ = 0;  // of Framing::length
  std::uint64_t body_bytes_ = 0;
  State state_ = State::fresh;
  Framing framing_ = Framing::none;
  bool is_http10_ = false;
  bool to_head_ = false;
  bool keep_alive_ = false;
};

}  // namespace dujiang::adapters::http
