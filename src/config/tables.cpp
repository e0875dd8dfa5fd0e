// The maps of the file but for upstreams and routes.
#include <algorithm>

#include "config/listener_rows.hpp"
#include "config/net_codec.hpp"
#include "config/shape.hpp"

namespace dujiang::config {

using namespace std::chrono_literals;

namespace {

// A member of the HTTP front's settings.
template <class Member>
auto server(Member member) {
  return [member](auto& listen) -> auto& { return listen.server.*member; };
}

}  // namespace

const Table<ListenSettings>& listen_table() {
  using S = ListenSettings;
  using Server = adapters::http::ServerSettings;
  static const Table<S> table{
      "listen", "Where callers reach the gateway, and how much they may send.",
      listener_rows<S>({
          field<S>("also", &S::also, list_of(object(listener_table())),
                   "More such places; `listen` itself may also be a list of them."),
          field<S>(
              "allowed_hosts",
              [](auto& listen) -> auto& { return listen.server.browser_guard.allowed_hosts; },
              list_of(any_or(host())),
              "Names besides loopback ones that a `Host` header may have on a loopback bind, so that no web "
              "page can reach the gateway by a name of its own."),
          field<S>(
              "allowed_origins",
              [](auto& listen) -> auto& { return listen.server.browser_guard.allowed_origins; },
              list_of(any_or(origin())),
              "Web pages that may call the gateway; other ones are refused by their `Origin`."),
          field<S>("cors", server(&Server::cors), object(cors_table()),
                   "Pages of other origins that may call and read the answers; none by default."),
          field<S>(
              "trusted_proxies", server(&Server::trusted_proxies), trusted_peers(),
              "Load balancers and proxies before the gateway: what they say in a PROXY header or in "
              "`X-Forwarded-For` is shown as the peer in the log. Whatever others say there is ignored."),
          field<S>("max_connections", server(&Server::max_connections), integer<std::size_t>(1, 1'000'000),
                   "Open connections of callers; those beyond are answered 503."),
          field<S>("max_head", server(&Server::max_head_bytes), bytes(4 << 10, 1 << 20),
                   "Size of a request's head; a larger one is answered 431."),
          field<S>("max_target", server(&Server::max_target_bytes), bytes(256, 256 << 10),
                   "Size of a request's path and query; a larger one is answered 414."),
          field<S>("max_body", server(&Server::max_body_bytes), bytes(1 << 10, 1 << 30),
                   "Size of a request's body; a larger one is answered 413 before it is read."),
          field<S>(
              "body_memory", server(&Server::body_memory_bytes), bytes(1 << 20, 1ull << 40),
              "Memory for the bodies of all requests under way; one that finds none left is answered 503."),
          field<S>("head_timeout", server(&Server::header_timeout), duration_as<base::Duration>(100ms, 10min),
                   "Time for a request's head to arrive, once its first byte has."),
          field<S>("body_timeout", server(&Server::body_timeout), duration_as<base::Duration>(100ms, 1h),
                   "Time for a request's body to arrive."),
          field<S>("idle_timeout", server(&Server::idle_timeout), duration_as<base::Duration>(100ms, 1h),
                   "Time that a connection is kept between requests."),
          field<S>("write_timeout", server(&Server::write_timeout), duration_as<base::Duration>(100ms, 1h),
                   "Time after which a caller that reads nothing counts as gone."),
      })};
  return table;
}

const Table<LogSettings>& log_table() {
  using adapters::log::Level;
  static const Table<LogSettings> table{
      "log",
      "JSON lines on stderr: one per request, and a few about the gateway. Never a key, a prompt or an "
      "answer.",
      {
          field<LogSettings>(
              "level", &LogSettings::level,
              choice<Level>({{"info", Level::info}, {"warning", Level::warning}, {"off", Level::off}}),
              "Least level that is written; requests are `info`."),
      }};
  return table;
}

const Table<DrainSettings>& drain_table() {
  static const Table<DrainSettings> table{
      "drain",
      "What happens on SIGTERM or SIGINT: `/readyz` answers 503, no connection is accepted, requests end, "
      "exit 0. A "
      "second signal ends at once.",
      {
          field<DrainSettings>(
              "notice", &DrainSettings::notice, duration(0ms, 10min),
              "Time between the first 503 of `/readyz` and the last new connection, for load "
              "balancers to notice; none where no connection is open."),
          field<DrainSettings>("grace", &DrainSettings::grace, duration(0ms, 2h),
                               "Time for requests under way to end before they are cut."),
      }};
  return table;
}

const Table<engine::Settings>& memory_table() {
  using S = engine::Settings;
  static const Table<S> table{
      "memory",
      "Caps on what is held in memory while requests are under way.",
      {
          field<S>("whole_answer", &S::max_whole_answer_bytes, bytes(64 << 10, 4ull << 30),
                   "Size of an answer that is checked whole before it is sent; a larger one fails."),
          field<S>("retries", &S::retry_memory_bytes, bytes(1 << 20, 64ull << 30),
                   "Request bodies, over all requests under way; beyond it a request is served but not "
                   "retried."),
          field<S>("streams", &S::max_streams, integer<std::uint64_t>(1, 1'000'000),
                   "Streamed answers under way at a time; a request for one more is answered 503."),
      }};
  return table;
}

const Table<RouteDefaults>& defaults_table() {
  static const Table<RouteDefaults> table{
      "defaults",
      "What routes share; a route's own keys go before.",
      {
          field<RouteDefaults>("clocks", &RouteDefaults::clocks, object(clocks_table()),
                               "See `routes[].clocks`."),
          field<RouteDefaults>("retries", &RouteDefaults::retries, object(retries_table()),
                               "See `routes[].retries`."),
      }};
  return table;
}

namespace {

// Each route begins with the defaults, which stand above it in the table.
Field<Shape> routes_field() {
  const Codec<RouteShape> route = object(route_table());
  Field<Shape> row =
      required(field<Shape>("routes", &Shape::routes, list_of(route), "Which models go where."));
  row.read = [route](Reader& reader, const YamlNode& node, const std::string& path, Shape& shape) {
    RouteShape first;
    first.spec.clocks = shape.defaults.clocks;
    first.spec.retries = shape.defaults.retries;
    list_of(route, 1000, first).read(reader, node, path, shape.routes);
  };
  return row;
}

}  // namespace

const Table<Shape>& root_table() {
  static const Table<Shape> table{
      "the file",
      "Keys at the left margin.",
      {
          required(field<Shape>("version", &Shape::version, integer<std::uint32_t>(1, 1),
                                "Version of this format: 1.")),
          field<Shape>(
              "loops", &Shape::loops, integer<std::uint32_t>(1, 64),
              "Event loops, each on a thread of its own, for machines with cores to spare: one carries "
              "more than any LLM upstream takes. What an upstream allows is exact over all of them."),
          field<Shape>("listen", &Shape::listen, listen(), "Where callers reach the gateway."),
          field<Shape>(
              "insecure", &Shape::insecure, boolean(),
              "Allows an address that is not loopback without `caller_keys`: everyone who reaches it spends "
              "your keys."),
          field<Shape>("log", &Shape::log, object(log_table()), "What is logged."),
          field<Shape>("drain", &Shape::drain, object(drain_table()), "How the gateway ends."),
          field<Shape>("memory", &Shape::gateway, object(memory_table()), "Caps on memory."),
          field<Shape>(
              "relay_unknown_paths_to",
              [](auto& shape) -> auto& { return shape.gateway.relay_unknown_paths_to; }, optional_of(name()),
              "Upstream that gets requests for paths which the gateway does not know, as they are; without "
              "it they are answered 404."),
          field<Shape>("caller_keys", &Shape::caller_keys, optional_of(object(caller_keys_table())),
                       "Who may call; without it everyone who reaches the gateway."),
          required(field<Shape>("upstreams", &Shape::upstreams, list_of(object(upstream_table())),
                                "Whom the gateway calls.")),
          field<Shape>("defaults", &Shape::defaults, object(defaults_table()), "What routes share."),
          routes_field(),
      }};
  return table;
}

}  // namespace dujiang::config
