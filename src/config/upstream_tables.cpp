// The maps of an upstream.
#include <algorithm>

#include "config/net_codec.hpp"
#include "config/shape.hpp"
#include "provider/dialect.hpp"

namespace dujiang::config {
namespace {

using namespace std::chrono_literals;

// A member of the spec inside a shape.
template <class Member>
auto spec(Member member) {
  return [member](auto& shape) -> auto& { return shape.spec.*member; };
}

Codec<std::string> dialect() {
  std::vector<std::string_view> names;
  for (const provider::Dialect* one : provider::all_dialects()) names.push_back(one->name);
  return word(std::move(names));
}

}  // namespace

const Table<route::EndpointSpec>& endpoint_table() {
  using S = route::EndpointSpec;
  static const Table<S> table{
      "upstreams[].endpoints[]",
      "One host of an upstream. One that refuses connections is left out and tried again.",
      {
          required(field<S>("url", &S::url, base_url(), "Base URL; its path goes before every call's.")),
          field<S>("weight", &S::weight, integer<std::uint32_t>(1, 1000),
                   "Share of the calls, with `balance: weighted`."),
      }};
  return table;
}

const Table<AccountShape>& account_table() {
  using S = AccountShape;
  static const Table<S> table{
      "upstreams[].accounts[]",
      "What a provider counts limits by. Several keys of one account share its limits.",
      {
          required(field<S>("name", spec(&route::AccountSpec::name), name(), "Name, in logs and metrics.")),
          field<S>("keys", spec(&route::AccountSpec::keys), list_of(secret(), 100), "Keys, used in turn."),
          field<S>(
              "key_file", &S::key_file, optional_of(file()),
              "File of keys, one a line; relative to this file. Lines that begin with `#` are left out."),
          field<S>("max_concurrent", spec(&route::AccountSpec::max_concurrent),
                   optional_of(integer<std::uint32_t>(1, 1'000'000)),
                   "Calls at a time; more wait in the queue. Without it there is no limit."),
      }};
  return table;
}

const Table<route::RateLimitSpec>& rate_limit_table() {
  using S = route::RateLimitSpec;
  static const Table<S> table{
      "upstreams[].rate_limit",
      "Calls a second to this upstream. What is too much waits in the queue, with its deadline.",
      {
          required(field<S>("per_second", &S::per_second, number(0.001, 1e6), "Calls a second.")),
          field<S>("burst", &S::burst, number(1, 1e6), "Calls that may go at once after a pause."),
      }};
  return table;
}

namespace {

using S = UpstreamShape;
using Spec = route::UpstreamSpec;

// Who is called, and as whom.
std::vector<Field<S>> party_fields() {
  return {
      required(field<S>("name", spec(&Spec::name), name(), "Name, in routes, logs and metrics.")),
      field<S>("dialect", spec(&Spec::dialect), dialect(),
               "What the host speaks; `openai` is the generic one."),
      field<S>("base_url", &S::base_url, optional_of(base_url()),
               "Base URL as the provider documents it for OpenAI's SDKs."),
      field<S>("endpoints", spec(&Spec::endpoints), list_of(object(endpoint_table())),
               "Several base URLs that serve the same."),
      field<S>("balance", spec(&Spec::balance),
               choice<route::Balance>(
                   {{"round_robin", route::Balance::round_robin}, {"weighted", route::Balance::weighted}}),
               "How calls are spread over the endpoints."),
      field<S>("api_key", &S::api_key, optional_of(secret()), "The key, best as `${NAME}`; empty for none."),
      field<S>("key_file", &S::key_file, optional_of(file()),
               "File of keys, one a line; relative to this file."),
      field<S>("max_concurrent", &S::max_concurrent, optional_of(integer<std::uint32_t>(1, 1'000'000)),
               "Calls at a time; more wait in the queue. Without it there is no limit."),
      field<S>("accounts", &S::accounts, list_of(object(account_table())), "Several accounts, used in turn."),
      field<S>("pass_through_key", spec(&Spec::pass_through_key), boolean(),
               "Sends the caller's own key instead of one from here."),
  };
}

// How often, over which connections and in which form.
std::vector<Field<S>> traffic_fields() {
  return {
      field<S>("rate_limit", spec(&Spec::rate_limit), optional_of(object(rate_limit_table())),
               "Calls a second; without it there is no limit."),
      field<S>("possibly_billed_share", spec(&Spec::possibly_billed_share), number(0, 1),
               "Retries after attempts that may have been paid for, as a share of the upstream's requests of "
               "the last 10 s."),
      field<S>("possibly_billed_reserve", spec(&Spec::possibly_billed_reserve), duration(100ms, 1h),
               "One more such retry each, however few the requests."),
      field<S>("queue_limit", spec(&Spec::queue_limit), integer<std::uint32_t>(1, 1'000'000),
               "Calls that may wait for this upstream, over all models; those beyond are refused at once."),
      field<S>("unstreamed", spec(&Spec::unstreamed),
               choice<route::Unstreamed>({{"dialect_default", route::Unstreamed::dialect_default},
                                          {"as_stream", route::Unstreamed::as_stream},
                                          {"as_is", route::Unstreamed::as_is}}),
               "Whether a call for a whole answer is made as a stream and put together again, so that a "
               "stall is seen early."),
      field<S>("ca_file", spec(&Spec::ca_file), optional_of(file()),
               "PEM file of the certificate authorities to trust instead of the system's; relative to "
               "this file."),
      field<S>(
          "proxy", spec(&Spec::proxy), proxy_choice(),
          "HTTP proxy that the endpoints are reached through, by CONNECT where they are https. The "
          "environment names one by HTTPS_PROXY, HTTP_PROXY or ALL_PROXY and exempts whom NO_PROXY lists; "
          "addresses of this machine are always called directly."),
      field<S>("connect_timeout", spec(&Spec::connect_timeout), duration(10ms, 5min),
               "Time for a connection and its TLS handshake."),
      field<S>("idle_timeout", spec(&Spec::idle_timeout), duration(0ms, 1h),
               "Time that an unused connection is kept; 0s keeps none."),
      field<S>("max_connection_age", spec(&Spec::max_connection_age), duration(1s, 168h),
               "Age from which on a connection serves no further request, so that changes of DNS and of load "
               "balancers are followed. Each lives for three quarters of it to all of it, lest those that "
               "were opened together end together."),
      field<S>("max_idle_connections", spec(&Spec::max_idle_connections), integer<std::uint32_t>(0, 100'000),
               "Unused connections that are kept, per endpoint."),
      field<S>("probe_interval", spec(&Spec::probe_interval), duration(10ms, 10min),
               "Time after which an endpoint that refused a connection is tried again."),
  };
}

std::vector<Field<S>> joined(std::vector<Field<S>> first, const std::vector<Field<S>>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

}  // namespace

const Table<UpstreamShape>& upstream_table() {
  static const Table<S> table{"upstreams[]",
                              "A named pool of endpoints with its accounts. `base_url` is short for one "
                              "endpoint; `api_key`, `key_file` and `max_concurrent` are short for one "
                              "account. Without keys none is sent.",
                              joined(party_fields(), traffic_fields())};
  return table;
}

}  // namespace dujiang::config
