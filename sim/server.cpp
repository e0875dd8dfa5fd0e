#include "sim/server.hpp"

#include <boost/json.hpp>
#include <charconv>
#include <chrono>
#include <cmath>

#include "sim/attempts.hpp"
#include "sim/json_text.hpp"
#include "sim/pages.hpp"

namespace dujiang::sim {
namespace {

using runtime::Task;

Task<bool> send_json(Wire& wire, std::string body, bool keep_alive) {
  return send_page(wire, {.status = 200, .body = std::move(body)}, {}, keep_alive);
}

Task<bool> send_error(Wire& wire, int status, std::string_view message, bool keep_alive) {
  return send_page(wire, bad_request_page(status, message), {}, keep_alive);
}

std::uint64_t since(std::string_view query) {
  constexpr std::string_view kName = "since=";
  std::uint64_t value = 0;
  if (query.starts_with(kName)) {
    std::from_chars(query.data() + kName.size(), query.data() + query.size(), value);
  }
  return value;
}

}  // namespace

class Server::Impl {
 public:
  Impl(runtime::EpollLoop& loop, Options options, std::unique_ptr<adapters::net::Listener> listener)
      : loop_(loop), attempts_(loop, std::move(options)), listener_(std::move(listener)) {}

  const adapters::net::SocketAddress& address() const { return listener_->address(); }

  static Task<void> accept_all(std::shared_ptr<Impl> self) {
    for (;;) {
      auto accepted = co_await self->listener_->accept();
      if (!accepted.conn) co_return;
      if (self->refuses_connections()) {
        accepted.conn->reset();
      } else {
        self->loop_.spawn(serve_connection(self, std::move(accepted.conn)));
      }
    }
  }

  void close() { listener_->close(); }

 private:
  static Task<void> serve_connection(std::shared_ptr<Impl> self,
                                     std::unique_ptr<adapters::net::TcpConn> conn) {
    Wire wire(*conn, self->loop_);
    while (co_await self->serve_one(wire)) continue;
    if (wire.gone()) co_return;
    // What the caller still sends is read for a moment: closing over unread bytes would reset what he has not
    // read.
    conn->shutdown_write();
    co_await wire.wait(base::after(self->loop_.now(), std::chrono::seconds(1)));
  }

  bool refuses_connections() const {
    for (const Directive& fault : attempts_.options().faults) {
      if (fault.fault == Fault::refused && fault.is("refused") && !fault.times) return true;
    }
    return false;
  }

  Task<bool> serve_one(Wire& wire) {
    ReadRequest read = co_await read_request(wire);
    if (auto* bad = std::get_if<BadRequest>(&read)) {
      co_return co_await send_error(wire, bad->status, bad->message, false);
    }
    if (auto* request = std::get_if<Request>(&read)) co_return co_await route(wire, std::move(*request));
    co_return false;
  }

  Task<bool> route(Wire& wire, Request request) {
    if (request.path.starts_with("/sim/")) return control(wire, request);
    if (request.method == "POST") {
      if (request.path == "/chat/completions") return chat(wire, std::move(request));
      if (request.path == "/completions") return completion(wire, std::move(request));
      if (request.path == "/embeddings") return embeddings(wire, std::move(request));
    } else if (request.method == "GET") {
      if (request.path == "/user/balance") return send_json(wire, balance_page(), request.keep_alive);
      if (request.path == "/models") {
        return send_json(wire, models_page(attempts_.options().models), request.keep_alive);
      }
      if (request.path.starts_with("/models/")) {
        return send_json(wire, model_object(request.path.substr(std::string_view("/models/").size())),
                         request.keep_alive);
      }
    }
    return send_error(wire, 404, "Nothing answers " + request.method + " " + request.path + " here",
                      request.keep_alive);
  }

  Task<bool> serve_parsed(Wire& wire, Request request, base::Result<ChatRequest, ApiError> parsed) {
    request.body = {};
    if (!parsed) return send_error(wire, parsed.error().status, parsed.error().message, request.keep_alive);
    return attempts_.serve(wire, std::move(request), *std::move(parsed));
  }

  Task<bool> chat(Wire& wire, Request request) {
    auto parsed = parse_chat(request.body, request.beta);
    return serve_parsed(wire, std::move(request), std::move(parsed));
  }

  Task<bool> completion(Wire& wire, Request request) {
    auto parsed = parse_completion(request.body);
    return serve_parsed(wire, std::move(request), std::move(parsed));
  }

  Task<bool> embeddings(Wire& wire, Request request) {
    const auto parsed = parse_embeddings(request.body);
    if (!parsed) return send_error(wire, parsed.error().status, parsed.error().message, request.keep_alive);
    ChatRequest as_chat;
    as_chat.model = parsed->model;
    as_chat.max_tokens = 0;
    for (const std::string& input : parsed->inputs) as_chat.prompt += input;
    request.body = {};
    return attempts_.serve(wire, std::move(request), std::move(as_chat), embeddings_page(*parsed));
  }

  Task<bool> control(Wire& wire, const Request& request) {
    if (request.method == "GET" && request.path == "/sim/stats") {
      return send_json(wire, attempts_.stats(), request.keep_alive);
    }
    if (request.method == "GET" && request.path == "/sim/log") {
      return send_page(wire,
                       {.status = 200,
                        .content_type = "application/x-ndjson",
                        .body = attempts_.ledger().log_after(since(request.query))},
                       {}, request.keep_alive);
    }
    if (request.method == "POST" && request.path == "/sim/reset") {
      attempts_.reset();
      return send_json(wire, attempts_.stats(), request.keep_alive);
    }
    if (request.method == "POST" && request.path == "/sim/scenario") {
      return switch_scenario(wire, request);
    }
    return send_error(
        wire, 404, "There are GET /sim/stats, GET /sim/log?since=N, POST /sim/reset and POST /sim/scenario",
        request.keep_alive);
  }

  // {"name": …, "speed": …, "seed": …}: the last two stay as they are where they are not given.
  Task<bool> switch_scenario(Wire& wire, const Request& request) {
    namespace json = boost::json;
    json::error_code error;
    const json::value root = json::parse(request.body, error);
    const json::value* name = error              ? nullptr
                              : root.is_object() ? root.get_object().if_contains("name")
                                                 : nullptr;
    if (name == nullptr || !name->is_string()) {
      return send_error(wire, 400, R"(Give the scenario as {"name": "storm"})", request.keep_alive);
    }
    double speed = attempts_.options().speed;
    std::uint64_t seed = attempts_.options().seed;
    const auto& object = root.get_object();
    if (const auto* value = object.if_contains("speed")) speed = value->to_number<double>(error);
    if (const auto* value = object.if_contains("seed"); value != nullptr && !error) {
      seed = value->to_number<std::uint64_t>(error);
    }
    if (error || std::isnan(speed) || speed <= 0 || speed > kMostSpeed) {
      return send_error(wire, 400, "speed has to be a number above 0, up to 10000, and seed a whole one",
                        request.keep_alive);
    }
    auto scenario = load_shipped({name->get_string().data(), name->get_string().size()});
    if (!scenario) return send_error(wire, 400, scenario.error().message, request.keep_alive);
    attempts_.begin(*std::move(scenario), speed, seed);
    return send_json(wire, attempts_.stats(), request.keep_alive);
  }

  runtime::EpollLoop& loop_;
  Attempts attempts_;
  std::unique_ptr<adapters::net::Listener> listener_;
};

base::Result<std::unique_ptr<Server>> Server::open(runtime::EpollLoop& loop, Options options) {
  auto at = adapters::net::SocketAddress::from_ip(options.listen, options.port);
  if (!at) return std::unexpected(at.error());
  auto listener = adapters::net::Listener::open(loop, *at);
  if (!listener) return std::unexpected(listener.error());
  auto impl = std::make_shared<Impl>(loop, std::move(options), *std::move(listener));
  loop.spawn(Impl::accept_all(impl));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { impl_->close(); }

std::uint16_t Server::port() const { return impl_->address().port(); }

std::string Server::address() const { return impl_->address().to_string(); }

}  // namespace dujiang::sim
