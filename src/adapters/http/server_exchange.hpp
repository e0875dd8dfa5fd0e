// One request and its answer, held by the connection's coroutine and by the handler's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/http/server_connection.hpp"
#include "adapters/http/server_reply.hpp"
#include "http/chunked.hpp"
#include "http/head_parser.hpp"

namespace dujiang::adapters::http {

inline constexpr std::array<char, kBodyPadding> kNoBody{};

struct Exchange {
  explicit Exchange(std::shared_ptr<Connection> on)
      : connection(std::move(on)),
        core(*connection->core_),
        parser({.head_bytes = core.settings.max_head_bytes, .target_bytes = core.settings.max_target_bytes}),
        body_buffer(*core.body_memory),
        max_body(core.settings.max_body_bytes),
        reply(core, *connection->conn_, [this] { forget_body(); }),
        ended(core.loop) {}

  void forget_body() {
    body = {kNoBody.data(), 0};
    body_buffer.release();
    connection->buffer_.settle(std::exchange(consumed, 0));
  }

  // Whom the request comes from, as far as those tell who may.
  std::string_view peer() const {
    return forwarded.empty() ? std::string_view(connection->admission_.peer) : forwarded;
  }

  std::shared_ptr<Connection> connection;
  ServerCore& core;
  dujiang::http::RequestHeadParser parser;
  dujiang::http::Headers headers;
  dujiang::http::ChunkedDecoder chunks;
  BodyBuffer body_buffer;
  std::string_view body{kNoBody.data(), 0};
  std::size_t consumed = 0;                 // bytes of the read buffer that belong to this request
  base::TimePoint deadline = base::kNever;  // of the part that is being read
  base::TimePoint began{};                  // the first byte of the head was there
  base::TimePoint received{};
  std::uint64_t max_body;
  std::shared_ptr<const policy::CallerKey> key;
  Reply reply;
  runtime::Signal ended;
  bool handled = false;
  bool is_preflight = false;  // answered by the front
  std::string forwarded;      // what a trusted proxy says of the peer
};

}  // namespace dujiang::adapters::http
