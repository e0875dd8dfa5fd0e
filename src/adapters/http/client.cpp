#include "adapters/http/client.hpp"

#include <utility>

#include "adapters/http/client_exchange.hpp"

namespace dujiang::adapters::http {
namespace {

class FailedExchange final : public ports::HttpExchange {
 public:
  explicit FailedExchange(std::string detail) : detail_(std::move(detail)) {}

  runtime::Task<ports::HttpEvent> next(base::TimePoint /*until*/) override {
    co_return ports::HttpEvent{
        .kind = ports::HttpEvent::Kind::failure, .failure = ports::IoFailure::no_endpoint, .detail = detail_};
  }
  void interrupt() override {}
  int status() const override { return 0; }
  const dujiang::http::Headers& headers() const override { return headers_; }
  ports::Sent sent() const override { return ports::Sent::nothing; }
  std::string_view endpoint() const override { return {}; }

 private:
  std::string detail_;
  dujiang::http::Headers headers_;
};

}  // namespace

base::Result<std::unique_ptr<Client>> Client::make(runtime::AsioLoop& loop,
                                                   std::vector<route::UpstreamSpec> upstreams,
                                                   net::ResolverSettings resolver) {
  const auto shared = std::make_shared<net::Resolver>(loop, std::move(resolver));
  Upstreams made;
  for (route::UpstreamSpec& spec : upstreams) {
    std::string name = spec.name;
    auto upstream = ClientUpstream::make(loop, shared, std::move(spec));
    if (!upstream) return std::unexpected(upstream.error());
    if (!made.emplace(name, std::move(*upstream)).second) {
      return base::fail("upstream " + name + ": there are two of this name");
    }
  }
  return std::unique_ptr<Client>(new Client(std::move(made)));
}

Client::~Client() {
  for (const auto& [name, upstream] : upstreams_) upstream->close();
}

std::unique_ptr<ports::HttpExchange> Client::open(ports::ClientRequest request) {
  const auto it = upstreams_.find(request.upstream);
  if (it == upstreams_.end()) {
    return std::make_unique<FailedExchange>("there is no upstream " + std::string(request.upstream));
  }
  return std::make_unique<ClientExchange>(it->second, std::move(request));
}

ClientCounters Client::counters(std::string_view upstream) const {
  const auto it = upstreams_.find(upstream);
  return it == upstreams_.end() ? ClientCounters{} : it->second->counters();
}

}  // namespace dujiang::adapters::http
