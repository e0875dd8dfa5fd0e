// A caller's head: the same verdict for any cut, nothing ambiguous accepted, and what is forwarded of it
// rebuilt so that nobody reads it otherwise.
#include <algorithm>
#include <array>
#include <string>

#include "adapters/http/client_request_head.hpp"
#include "base/ascii.hpp"
#include "engine/forwarding.hpp"
#include "fuzz/heads.hpp"
#include "fuzz/targets.hpp"
#include "http/head_parser.hpp"

namespace dujiang::fuzz {
namespace {

using http::HeadState;
using http::RequestHeadParser;

std::string describe(const RequestHeadParser& parser) {
  if (parser.state() != HeadState::done) return describe_unfinished(parser);
  return std::string(parser.method()) + " " + std::string(parser.target()) + " path " +
         std::string(parser.path()) + " query " + std::string(parser.query()) + " host " +
         std::string(parser.host()) + " expect " + std::to_string(static_cast<int>(parser.expect())) +
         describe_common(parser);
}

// The head written anew from its parts says the same.
void check_rebuilt(const RequestHeadParser& parser) {
  std::string text = std::string(parser.method()) + " " + std::string(parser.target()) + " HTTP/1." +
                     std::to_string(parser.minor_version()) + "\r\n";
  text += fields_text(parser) + "\r\n";
  const Exact exact(text);
  RequestHeadParser again({.head_bytes = text.size()});
  again.parse(exact.view());
  require(describe(again) == describe(parser), "the rebuilt head means something else: " + describe(again));
}

// What an upstream gets of it is one request without a second reading.
void check_forwarded(const RequestHeadParser& parser) {
  constexpr std::size_t kBody = 7;
  const http::Headers headers = engine::upstream_headers(parser.headers(), engine::Vendor::addressed, {});
  const auto text = adapters::http::write_request_head({.method = "POST",
                                                        .target = "/v1/chat/completions",
                                                        .authority = "upstream.example",
                                                        .headers = headers,
                                                        .body_size = kBody});
  require(text.has_value(), "an accepted head cannot be forwarded");
  RequestHeadParser again({.head_bytes = text->size(), .fields = 1000});
  const Exact exact(*text);
  require(again.parse(exact.view()) == HeadState::done, "a forwarded head is refused: " + describe(again));
  require(again.head_size() == text->size(), "a forwarded head ends early");
  require(again.body().kind == http::BodyKind::length && again.body().length == kBody,
          "a forwarded head has another body");
  require(again.host() == "upstream.example", "a forwarded head goes to another host");
  const http::Headers crossed = again.headers();
  for (const char* name : {"connection", "transfer-encoding", "te", "trailer", "upgrade", "keep-alive",
                           "expect", "authorization", "cookie", "proxy-authorization", "x-api-key"})
    require(crossed.count(name) == 0, std::string("forwarded ") + name);
  // Our own, under whatever name the caller calls them hop-by-hop.
  constexpr std::array<std::string_view, 3> kOurs{"host", "content-length", "accept-encoding"};
  for (const std::string& name : named_by_connection(parser.headers())) {
    const bool is_ours =
        std::ranges::any_of(kOurs, [&](std::string_view own) { return base::iequals(own, name); });
    require(is_ours || crossed.count(name) == 0, "forwarded what Connection names: " + name);
  }
}

}  // namespace

void request_head(std::string_view bytes) {
  for (const http::HeadLimits& limits : {http::HeadLimits{}, kTightLimits}) {
    same_for_any_cut(bytes, [&](const Pieces& pieces) {
      RequestHeadParser parser(limits);
      const Exact seen = parse_grown(parser, pieces);
      return describe(parser);
    });
  }
  RequestHeadParser parser;
  parser.parse(bytes);
  if (parser.state() != HeadState::done) return;
  check_done(parser, bytes);
  const http::Headers headers = parser.headers();
  require(parser.minor_version() == 0 || headers.count("host") == 1, "a head without exactly one Host");
  require(parser.minor_version() == 1 || parser.body().kind != http::BodyKind::chunked,
          "chunked in HTTP/1.0");
  require(parser.body().kind != http::BodyKind::until_close, "a request that ends with its connection");
  check_rebuilt(parser);
  check_forwarded(parser);
}

}  // namespace dujiang::fuzz
