// An upstream's head: the same verdict for any cut, nothing ambiguous accepted, and nothing of its hop for
// the caller.
#include <string>

#include "engine/forwarding.hpp"
#include "fuzz/heads.hpp"
#include "fuzz/targets.hpp"
#include "http/head_parser.hpp"

namespace dujiang::fuzz {
namespace {

using http::HeadState;
using http::ResponseHeadParser;

std::string describe(const ResponseHeadParser& parser) {
  if (parser.state() != HeadState::done) return describe_unfinished(parser);
  return std::to_string(parser.status()) + " " + std::string(parser.reason()) + describe_common(parser);
}

void check_rebuilt(const ResponseHeadParser& parser, bool to_head) {
  std::string text = "HTTP/1." + std::to_string(parser.minor_version()) + " " +
                     std::to_string(parser.status()) + " " + std::string(parser.reason()) + "\r\n" +
                     fields_text(parser) + "\r\n";
  const Exact exact(text);
  ResponseHeadParser again(to_head, {.head_bytes = text.size()});
  again.parse(exact.view());
  require(describe(again) == describe(parser), "the rebuilt head means something else: " + describe(again));
}

void check_forwarded(const http::Headers& headers) {
  const http::Headers crossed = engine::caller_headers(headers);
  for (const char* name : {"connection", "transfer-encoding", "content-length", "te", "trailer", "upgrade",
                           "keep-alive", "proxy-authenticate", "set-cookie", "www-authenticate"})
    require(crossed.count(name) == 0, std::string("forwarded ") + name);
  for (const std::string& name : named_by_connection(headers))
    require(crossed.count(name) == 0, "forwarded what Connection names: " + name);
}

}  // namespace

void response_head(std::string_view bytes) {
  for (const bool to_head : {false, true}) {
    for (const http::HeadLimits& limits : {http::HeadLimits{}, kTightLimits}) {
      same_for_any_cut(bytes, [&](const Pieces& pieces) {
        ResponseHeadParser parser(to_head, limits);
        const Exact seen = parse_grown(parser, pieces);
        return describe(parser);
      });
    }
    ResponseHeadParser parser(to_head);
    if (parser.parse(bytes) != HeadState::done) continue;
    check_done(parser, bytes);
    require(parser.status() >= 100 && parser.status() <= 999, "a status of other than three digits");
    require(!to_head || parser.body().kind == http::BodyKind::none, "a body in the answer to HEAD");
    require(parser.body().kind != http::BodyKind::until_close || !parser.keep_alive(),
            "a kept connection without end");
    check_rebuilt(parser, to_head);
    check_forwarded(parser.headers());
  }
}

}  // namespace dujiang::fuzz
