// The HTTP client: exchanges with the configured upstreams over kept connections.
//
// Lives on one loop, which must outlive it. Exchanges may outlive the client; what is kept for them does not.
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
#include "runtime/asio_loop.hpp"

namespace dujiang::adapters::http {

class Client final : public ports::HttpClient {
 public:
  // The error says which upstream's base URL or ca_file is wrong, and how.
  static base::Result<std::unique_ptr<Client>> make(runtime::AsioLoop& loop,
                                                    std::vector<route::UpstreamSpec> upstreams,
                                                    net::ResolverSettings resolver = {});
  ~Client() override;

  // An unknown upstream gives an exchange that fails at once.
  std::unique_ptr<ports::HttpExchange> open(ports::ClientRequest request) override;

  // Of one upstream; all zero for an unknown one.
  ClientCounters counters(std::string_view upstream) const;

 private:
  using Upstreams = std::map<std::string, std::shared_ptr<ClientUpstream>, std::less<>>;
  explicit Client(Upstreams upstreams) : upstreams_(std::move(upstreams)) {}

  Upstreams upstreams_;
};

}  // namespace dujiang::adapters::http
