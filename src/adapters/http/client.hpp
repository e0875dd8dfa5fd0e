// The HTTP client: exchanges with the configured upstreams over kept connections.
//
// Lives on one loop, which must outlive it. Exchanges may outlive the client; what is kept for them does not.
// The upstreams may change while it serves: see adopt().
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/http/client_upstream.hpp"
#include "adapters/net/dns.hpp"
#include "base/result.hpp"
#include "ports/http_client.hpp"
#include "route/spec.hpp"
#include "runtime/epoll_loop.hpp"

namespace dujiang::adapters::http {

using ConfiguredUpstreams = std::vector<std::shared_ptr<const route::UpstreamSpec>>;

class Client final : public ports::HttpClient {
 public:
  // The error says which upstream's base URL or ca_file is wrong, and how.
  static base::Result<std::unique_ptr<Client>> make(runtime::EpollLoop& loop,
                                                    const ConfiguredUpstreams& upstreams,
                                                    net::ResolverSettings resolver = {});
  static base::Result<std::unique_ptr<Client>> make(runtime::EpollLoop& loop,
                                                    std::vector<route::UpstreamSpec> upstreams,
                                                    net::ResolverSettings resolver = {});
  ~Client() override;

  // Goes on with these upstreams, matched by name; on an error, as of make(), with those that it has.
  // Endpoints that stay keep their connections. Those of the configuration before can be reached by who was
  // permitted under it (ClientRequest::as_configured), for as long as somebody holds its description.
  base::Result<void> adopt(const ConfiguredUpstreams& upstreams);

  // An unknown upstream gives an exchange that fails at once.
  std::unique_ptr<ports::HttpExchange> open(ports::ClientRequest request) override;

  // Of all upstreams that there were.
  std::vector<std::string_view> upstream_names() const;

  // Of one upstream; all zero for an unknown one.
  ClientCounters counters(std::string_view upstream) const;

 private:
  struct Current {
    std::shared_ptr<const route::UpstreamSpec> spec;
    std::shared_ptr<ClientUpstream> upstream;
  };
  struct Former {
    std::weak_ptr<const route::UpstreamSpec> spec;
    std::shared_ptr<ClientUpstream> upstream;
  };
  using Upstreams = std::map<std::string, Current, std::less<>>;

  Client(runtime::EpollLoop& loop, net::ResolverSettings resolver)
      : loop_(loop), resolver_(std::make_shared<net::Resolver>(loop, std::move(resolver))) {}
  base::Result<Upstreams> make_upstreams(const ConfiguredUpstreams& specs);
  std::shared_ptr<ClientUpstream> find(const ports::ClientRequest& request) const;

  runtime::EpollLoop& loop_;
  std::shared_ptr<net::Resolver> resolver_;
  Upstreams upstreams_;
  std::vector<Former> former_;
  std::map<std::string, std::shared_ptr<ClientCounters>, std::less<>>
      counters_;  // by name, of all there were
};

}  // namespace dujiang::adapters::http
