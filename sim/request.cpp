#include "sim/request.hpp"

#include <optional>

#include "base/ascii.hpp"
#include "http/chunked.hpp"
#include "http/head_parser.hpp"

namespace dujiang::sim {
namespace {

constexpr std::size_t kMostBody = std::size_t{16} * 1024 * 1024;

bool strip_prefix(std::string& path, std::string_view prefix) {
  if (!path.starts_with(prefix) || (path.size() > prefix.size() && path[prefix.size()] != '/')) return false;
  path.erase(0, prefix.size());
  return true;
}

Request from_head(const http::RequestHeadParser& head) {
  Request out{.method = std::string(head.method()),
              .path = std::string(head.path()),
              .query = std::string(head.query()),
              .beta = false,
              .key = {},
              .fault_fields = {},
              .keep_alive = head.keep_alive(),
              .old_http = head.minor_version() == 0,
              .body = {}};
  out.beta = strip_prefix(out.path, "/beta");
  strip_prefix(out.path, "/v1");
  constexpr std::string_view kBearer = "Bearer ";
  for (std::size_t i = 0; i < head.field_count(); ++i) {
    const http::FieldView field = head.field(i);
    if (base::iequals(field.name, "authorization") && base::istarts_with(field.value, kBearer)) {
      out.key = base::trim(field.value.substr(kBearer.size()));
    } else if (base::iequals(field.name, "x-sim-fault")) {
      out.fault_fields.emplace_back(field.value);
    }
  }
  return out;
}

BadRequest too_large() { return {413, "The request body exceeds 16 MiB"}; }

runtime::Task<std::optional<BadRequest>> read_chunked(Wire& wire, std::string& body) {
  http::ChunkedDecoder decoder;
  for (;;) {
    const auto step = decoder.next(wire.incoming());
    body += step.body;
    wire.incoming().erase(0, step.consumed);
    if (step.kind == http::ChunkedDecoder::Kind::end) co_return std::nullopt;
    if (step.kind == http::ChunkedDecoder::Kind::error) {
      co_return BadRequest{400, std::string(decoder.error())};
    }
    if (body.size() > kMostBody) co_return too_large();
    if (step.kind == http::ChunkedDecoder::Kind::more && !co_await wire.read_more()) {
      co_return BadRequest{400, "The request body ended early"};
    }
  }
}

runtime::Task<std::optional<BadRequest>> read_body(Wire& wire, http::BodyFraming framing, std::string& body) {
  if (framing.kind == http::BodyKind::chunked) co_return co_await read_chunked(wire, body);
  if (framing.length > kMostBody) co_return too_large();
  while (wire.incoming().size() < framing.length) {
    if (!co_await wire.read_more()) co_return BadRequest{400, "The request body ended early"};
  }
  body = wire.incoming().substr(0, framing.length);
  wire.incoming().erase(0, framing.length);
  co_return std::nullopt;
}

}  // namespace

runtime::Task<ReadRequest> read_request(Wire& wire) {
  http::RequestHeadParser head;
  while (head.parse(wire.incoming()) == http::HeadState::more) {
    if (!co_await wire.read_more()) co_return CallerLeft{};
  }
  if (head.state() == http::HeadState::failed) {
    co_return BadRequest{head.error().status, std::string(head.error().message)};
  }
  Request out = from_head(head);
  const http::BodyFraming framing = head.body();
  const bool expects = head.expect() == http::Expect::continue_100;
  wire.incoming().erase(0, head.head_size());
  if (expects && wire.incoming().empty() && framing.length <= kMostBody) {
    if (!co_await wire.write("HTTP/1.1 100 Continue\r\n\r\n")) co_return CallerLeft{};
  }
  if (auto bad = co_await read_body(wire, framing, out.body)) co_return *std::move(bad);
  co_return out;
}

}  // namespace dujiang::sim
