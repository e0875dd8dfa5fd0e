#include "support/busy_server.hpp"

#include <boost/json.hpp>
#include <stdexcept>
#include <utility>

#include "runtime/loop.hpp"
#include "sim/answer.hpp"
#include "support/http_answer.hpp"
#include "support/raw_socket.hpp"

namespace dujiang::testing {
namespace {

std::uint64_t number_in(std::string_view stats, std::string_view name) {
  const auto root = boost::json::parse({stats.data(), stats.size()});
  const auto* value = root.as_object().if_contains({name.data(), name.size()});
  if (value == nullptr) throw std::runtime_error("/sim/stats has no " + std::string(name));
  return value->to_number<std::uint64_t>();
}

}  // namespace

sim::Options BusyServer::calm(double speed) {
  sim::Options options;
  options.scenario = sim::load_shipped("calm").value();
  options.speed = speed;
  options.models = sim::default_models();
  return options;
}

BusyServer::BusyServer(sim::Options options) {
  port_ = thread_.call([&] {
    server_ = sim::Server::open(thread_.loop(), std::move(options)).value();
    return server_->port();
  });
}

BusyServer::~BusyServer() {
  thread_.call([this] { server_.reset(); });
}

std::string BusyServer::get(const std::string& path) const {
  RawSocket socket(port_);
  socket.say("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  return hear_answer(socket).body;
}

std::uint64_t BusyServer::count(std::string_view name) { return number_in(get("/sim/stats"), name); }

std::uint64_t BusyServer::await_count(std::string_view name, std::uint64_t least) {
  constexpr int kLooks = 2000;
  std::uint64_t value = count(name);
  for (int i = 0; i < kLooks && value < least; ++i) {
    thread_.pause(std::chrono::milliseconds(10));
    value = count(name);
  }
  return value;
}

std::string answer_to(std::string_view prompt) { return sim::AnswerText(prompt).text(); }

std::string thought_of(std::string_view prompt) {
  return sim::AnswerText(prompt, sim::Voice::reasoning).text();
}

}  // namespace dujiang::testing
