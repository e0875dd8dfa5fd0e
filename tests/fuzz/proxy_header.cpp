// A load balancer's PROXY header: the same verdict however it arrives, never more than there is, and no
// second reading of what was accepted.
#include "adapters/net/proxy_header.hpp"

#include <string>

#include "fuzz/pieces.hpp"
#include "fuzz/targets.hpp"

namespace dujiang::fuzz {
namespace {

using adapters::net::ProxyHeader;
using State = ProxyHeader::State;

std::string describe(const ProxyHeader& header) {
  switch (header.state) {
    case State::more:
      return "more";
    case State::failed:
      return "failed";
    case State::done:
      return "done after " + std::to_string(header.size) + ", from " +
             (header.source ? header.source->to_string() : "nobody else");
  }
  return "";
}

// As the front reads it: what has come so far, until that is enough for a verdict.
std::string parse_grown(const Pieces& pieces) {
  std::string seen;
  ProxyHeader header;
  for (const std::string_view piece : pieces) {
    seen += piece;
    const Exact exact(seen);
    header = adapters::net::parse_proxy_header(exact.view());
    if (header.state != State::more) break;
  }
  return describe(header);
}

}  // namespace

void proxy_header(std::string_view bytes) {
  same_for_any_cut(bytes, parse_grown);
  const ProxyHeader header = adapters::net::parse_proxy_header(bytes);
  if (header.state == State::more) {
    require(bytes.size() < adapters::net::kMaxProxyHeader, "a header without a bound is waited for");
  }
  if (header.state != State::done) return;
  require(header.size > 0 && header.size <= bytes.size(), "a header ends where nothing is");
  require(header.size <= adapters::net::kMaxProxyHeader, "a header beyond the limit");
  const Exact alone(bytes.substr(0, header.size));
  require(describe(adapters::net::parse_proxy_header(alone.view())) == describe(header),
          "a header depends on what follows it");
  const Exact short_of_it(bytes.substr(0, header.size - 1));
  require(adapters::net::parse_proxy_header(short_of_it.view()).state == State::more,
          "a header was complete before its end");
}

}  // namespace dujiang::fuzz
