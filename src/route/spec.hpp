// What an operator describes: upstreams with accounts and endpoints, and routes with targets.
//
// Plain values with their defaults. Runtime state is keyed by the names here and survives a reload.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace dujiang::route {

using std::chrono::milliseconds;

// A secret that prints as nothing but its last four characters.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }
  std::string masked() const {
    return value_.size() < 12 ? "****" : "****" + value_.substr(value_.size() - 4);
  }
  bool operator==(const Secret&) const = default;

 private:
  std::string value_;
};

// What a provider counts limits by. Several keys of one account share its limits.
struct AccountSpec {
  std::string name;
  std::vector<Secret> keys;  // none: the caller's own key is passed through, or no key is sent
  std::optional<std::uint32_t> max_concurrent;  // slots; unlimited when absent

  bool operator==(const AccountSpec&) const = default;
};

struct EndpointSpec {
  std::string url;  // "https://api.deepseek.com"; its path is the prefix of every target
  std::uint32_t weight = 1;
  std::optional<Secret> proxy{};  // URL of the HTTP proxy that it is reached through

  bool operator==(const EndpointSpec&) const = default;
};

// Through which proxy an upstream is called.
struct ProxyChoice {
  enum class From : std::uint8_t { environment, nowhere, url };
  From from = From::environment;
  Secret url;

  bool operator==(const ProxyChoice&) const = default;
};

enum class Balance : std::uint8_t { round_robin, weighted };
enum class Unstreamed : std::uint8_t { dialect_default, as_stream, as_is };

// Calls a second with a burst; what overflows waits in the admission queue.
struct RateLimitSpec {
  double per_second = 0;
  double burst = 1;

  bool operator==(const RateLimitSpec&) const = default;
};

struct UpstreamSpec {
  std::string name;
  std::string dialect = "openai";
  std::vector<EndpointSpec> endpoints;
  Balance balance = Balance::round_robin;
  std::vector<AccountSpec> accounts;
  bool pass_through_key = false;  // send the caller's own bearer key
  std::optional<RateLimitSpec> rate_limit;
  double possibly_billed_share = 0.2;           // repeats of what may be billed, of the requests over 10 s
  milliseconds possibly_billed_reserve{10000};  // one more such repeat each
  std::uint32_t queue_limit = 1000;             // entries waiting for this upstream, over all models
  Unstreamed unstreamed = Unstreamed::dialect_default;
  std::optional<std::string> ca_file;  // PEM; replaces the system's roots
  ProxyChoice proxy;
  milliseconds connect_timeout{5000};
  milliseconds idle_timeout{55000};          // a connection that is unused for longer is closed
  milliseconds max_connection_age{3600000};  // one that is older serves no further request
  std::uint32_t max_idle_connections = 64;
  milliseconds probe_interval{2000};  // an endpoint that refused is tried again after this

  bool operator==(const UpstreamSpec&) const = default;
};

// What a target can honour; absent means "assumed to".
struct Capabilities {
  std::optional<std::uint64_t> context_tokens{};
  std::optional<bool> tools{};
  std::optional<bool> json_mode{};
  std::optional<bool> thinking{};
};

struct Target {
  std::string upstream;
  std::string model;  // empty: the model that the caller named
  std::uint32_t weight = 1;
  Capabilities can;
  std::vector<std::string> forward_headers;  // end-to-end headers for this vendor besides the standard ones
};

enum class Order : std::uint8_t { ordered, weighted };
enum class Thinking : std::uint8_t { live, hold };

// The layered clocks of rule 1. Token clocks run only where the attempt streams.
struct Clocks {
  milliseconds first_byte{30000};              // response head, from sending
  milliseconds unstreamed_first_byte{300000};  // the same where the attempt does not stream: many hosts send
                                               // the head only with the whole answer
  milliseconds first_token{10000};             // with another target to go to
  milliseconds alone_first_token{0};           // with none: 0 waits to the deadline while keep-alives come
  milliseconds silence{30000};  // no byte at all, not even a keep-alive: three of DeepSeek's intervals
  milliseconds gap{15000};      // between semantic tokens: slow drips of up to 10 s are known
  milliseconds total{540000};   // deadline of an unstreamed call
  milliseconds stream_total{3600000};
  milliseconds after_finish{2000};  // for usage and [DONE] after a finish_reason
};

struct Retries {
  std::uint32_t max_attempts = 0;  // 0: as many as deadline and budgets allow
  milliseconds backoff_initial{1000};
  milliseconds backoff_cap{8000};
  std::uint32_t possibly_billed_per_request = 2;
};

struct RouteSpec {
  std::string name;
  std::string match;  // "deepseek-chat" (exact), "deepseek-*" (prefix), "*"
  Order order = Order::ordered;
  std::vector<Target> targets;
  Clocks clocks;
  Retries retries;
  Thinking thinking = Thinking::live;
  bool fail_over_on_content_filter = false;
  std::optional<milliseconds> keep_alive{15000};  // to a waiting caller; absent: never
  std::string caller_class = "standard";
};

}  // namespace dujiang::route
