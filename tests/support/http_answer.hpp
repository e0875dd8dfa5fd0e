// Reads HTTP answers from a raw socket, their framing checked.
#pragma once

#include <string>
#include <string_view>

#include "http/chunked.hpp"
#include "http/head_parser.hpp"
#include "support/raw_socket.hpp"

namespace dujiang::testing {

struct HttpAnswer {
  int status = 0;  // 0 when the connection ended before there was a head
  http::Headers headers;
  std::string body;
  bool complete = false;  // the body ended as its framing says

  std::string header(std::string_view name) const {
    return std::string(headers.get(name).value_or("(none)"));
  }
};

namespace detail {

inline void hear_chunks(RawSocket& socket, HttpAnswer& answer) {
  http::ChunkedDecoder decoder;
  while (true) {
    const auto step = decoder.next(socket.heard());
    answer.body += step.body;
    (void)socket.take(step.consumed);
    using Kind = http::ChunkedDecoder::Kind;
    if (step.kind == Kind::end || step.kind == Kind::error) {
      answer.complete = step.kind == Kind::end;
      return;
    }
    if (step.kind == Kind::more && socket.hear_some() != RawSocket::End::open) return;
  }
}

}  // namespace detail

// The next answer; `to_head` where the request was a HEAD.
inline HttpAnswer hear_answer(RawSocket& socket, bool to_head = false) {
  HttpAnswer answer;
  http::ResponseHeadParser head(to_head);
  while (head.parse(socket.heard()) == http::HeadState::more) {
    if (socket.hear_some() != RawSocket::End::open) return answer;
  }
  if (head.state() == http::HeadState::failed) return answer;
  answer.status = head.status();
  answer.headers = head.headers();
  (void)socket.take(head.head_size());
  switch (head.body().kind) {
    case http::BodyKind::none:
      answer.complete = true;
      break;
    case http::BodyKind::length:
      answer.body = socket.take(head.body().length);
      answer.complete = answer.body.size() == head.body().length;
      break;
    case http::BodyKind::chunked:
      detail::hear_chunks(socket, answer);
      break;
    case http::BodyKind::until_close:
      answer.body = socket.take_rest();
      answer.complete = socket.end() == RawSocket::End::eof;
      break;
  }
  return answer;
}

}  // namespace dujiang::testing
