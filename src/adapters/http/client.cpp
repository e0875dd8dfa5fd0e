#include "adapters/http/client.hpp"

#include <algorithm>
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
  bool is_done_with_body() const override { return true; }
  std::string_view endpoint() const override { return {}; }

 private:
  std::string detail_;
  dujiang::http::Headers headers_;
};

}  // namespace

base::Result<std::unique_ptr<Client>> Client::make(runtime::EpollLoop& loop,
                                                   const ConfiguredUpstreams& upstreams,
                                                   net::ResolverSettings resolver) {
  std::unique_ptr<Client> client(new Client(loop, std::move(resolver)));
  if (const auto adopted = client->adopt(upstreams); !adopted) return std::unexpected(adopted.error());
  return client;
}

base::Result<std::unique_ptr<Client>> Client::make(runtime::EpollLoop& loop,
                                                   std::vector<route::UpstreamSpec> upstreams,
                                                   net::ResolverSettings resolver) {
  ConfiguredUpstreams configured;
  for (route::UpstreamSpec& spec : upstreams) {
    configured.push_back(std::make_shared<const route::UpstreamSpec>(std::move(spec)));
  }
  return make(loop, configured, std::move(resolver));
}

Client::~Client() {
  for (const auto& [name, current] : upstreams_) current.upstream->close();
  for (const Former& former : former_) former.upstream->close();
}

base::Result<void> Client::adopt(const ConfiguredUpstreams& upstreams) {
  auto made = make_upstreams(upstreams);
  if (!made) return std::unexpected(made.error());
  std::erase_if(former_, [](const Former& former) { return former.spec.expired(); });
  for (auto& [name, before] : std::exchange(upstreams_, std::move(*made))) {
    const auto now = upstreams_.find(name);
    if (now == upstreams_.end()) {
      before.upstream->settle_handshakes();
    } else if (now->second.upstream != before.upstream) {
      now->second.upstream->succeed(*before.upstream);
    }
    former_.push_back({.spec = before.spec, .upstream = std::move(before.upstream)});
  }
  return {};
}

base::Result<Client::Upstreams> Client::make_upstreams(const ConfiguredUpstreams& specs) {
  Upstreams made;
  for (const auto& spec : specs) {
    const auto known = upstreams_.find(spec->name);
    const auto before = known == upstreams_.end() ? nullptr : known->second.upstream;
    Current current{.spec = spec, .upstream = before};
    if (!before || !before->is_up_to_date(*spec)) {
      auto& counters = counters_[spec->name];
      if (!counters) counters = std::make_shared<ClientCounters>();
      auto upstream =
          ClientUpstream::make(loop_, {.resolver = resolver_, .counters = counters}, *spec, before.get());
      if (!upstream) return std::unexpected(upstream.error());
      current.upstream = std::move(*upstream);
    }
    if (!made.emplace(spec->name, std::move(current)).second) {
      return base::fail("upstream " + spec->name + ": there are two of this name");
    }
  }
  return made;
}

std::unique_ptr<ports::HttpExchange> Client::open(ports::ClientRequest request) {
  auto upstream = find(request);
  if (!upstream) {
    return std::make_unique<FailedExchange>("there is no upstream " + std::string(request.upstream));
  }
  return std::make_unique<ClientExchange>(std::move(upstream), std::move(request));
}

std::shared_ptr<ClientUpstream> Client::find(const ports::ClientRequest& request) const {
  const route::UpstreamSpec* const wanted = request.as_configured;
  const auto current = upstreams_.find(request.upstream);
  if (current != upstreams_.end() && (wanted == nullptr || wanted == current->second.spec.get())) {
    return current->second.upstream;
  }
  if (wanted == nullptr) return nullptr;
  // Who asks holds the description, so an address that is the same is the same description.
  const auto is_it = [&](const Former& former) { return former.spec.lock().get() == wanted; };
  const auto former = std::ranges::find_if(former_, is_it);
  return former == former_.end() ? nullptr : former->upstream;
}

ClientCounters Client::counters(std::string_view upstream) const {
  const auto current = upstreams_.find(upstream);
  if (current != upstreams_.end()) return current->second.upstream->counters();
  const auto gone = counters_.find(upstream);
  return gone == counters_.end() ? ClientCounters{} : *gone->second;
}

std::vector<std::string_view> Client::upstream_names() const {
  std::vector<std::string_view> names;
  names.reserve(counters_.size());
  for (const auto& [name, counters] : counters_) names.push_back(name);
  return names;
}

}  // namespace dujiang::adapters::http
