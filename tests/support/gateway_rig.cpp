#include "support/gateway_rig.hpp"

#include <boost/json.hpp>
#include <chrono>
#include <utility>

namespace dujiang::testing {
namespace {

using namespace std::chrono_literals;

std::string quoted(std::string_view text) { return boost::json::serialize(boost::json::string(text)); }

}  // namespace

engine::Settings settings_for(const std::vector<UpstreamAt>& upstreams) {
  engine::Settings settings;
  route::RouteSpec route;
  route.name = "main";
  route.match = "*";
  route.clocks = {.first_byte = 20s,
                  .first_token = 20s,
                  .silence = 20s,
                  .gap = 20s,
                  .total = 20s,
                  .stream_total = 20s,
                  .after_finish = 20s};
  route.retries.backoff_initial = 5ms;
  route.retries.backoff_cap = 20ms;
  for (const UpstreamAt& at : upstreams) {
    route::UpstreamSpec spec;
    spec.name = at.name;
    spec.dialect = at.dialect;
    spec.possibly_billed_reserve = 1ms;
    spec.endpoints.push_back({.url = "http://127.0.0.1:" + std::to_string(at.port)});
    spec.accounts.push_back({.name = "a", .keys = {route::Secret("sk-of-" + at.name)}, .max_concurrent = {}});
    settings.upstreams.push_back(std::move(spec));
    route::Target target;
    target.upstream = at.name;
    route.targets.push_back(std::move(target));
  }
  settings.routes.push_back(std::move(route));
  return settings;
}

std::string post(std::string_view path, std::string_view body, std::string_view fields) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
         std::string(fields) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

std::string get(std::string_view path, std::string_view fields) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(fields) + "\r\n";
}

std::string to_http(const Question& question, std::string_view path) {
  const std::string body = R"({"model":"deepseek-chat","messages":[{"role":"user","content":)" +
                           quoted(question.prompt) + "}],\"stream\":" + (question.stream ? "true" : "false") +
                           question.more + "}";
  std::string fields = question.fields;
  if (!question.fault.empty()) fields += "x-sim-fault: " + question.fault + "\r\n";
  return post(path, body, fields);
}

Heard hear_chat(RawSocket& socket, const Question& question) {
  Heard heard;
  heard.http = hear_answer(socket);
  heard.end = socket.end();
  const bool is_stream = heard.http.header("content-type").starts_with("text/event-stream");
  if (is_stream != (question.stream && heard.status() == 200)) {
    heard.chat.problem = "the form is not the one that was asked for: " + heard.http.header("content-type");
  } else {
    heard.chat = is_stream ? read_stream(heard.http.body) : read_whole(heard.http.body);
  }
  return heard;
}

void GatewayRig::SharedLog::request(const ports::AccessLine& line) {
  const std::scoped_lock lock(mutex_);
  lines_.push_back(line);
  threads_.insert(std::this_thread::get_id());
  more_.notify_all();
}

std::vector<ports::AccessLine> GatewayRig::SharedLog::await(std::size_t count) {
  std::unique_lock lock(mutex_);
  more_.wait_for(lock, 20s, [&] { return lines_.size() >= count; });
  return lines_;
}

std::size_t GatewayRig::SharedLog::threads_seen() {
  const std::scoped_lock lock(mutex_);
  return threads_.size();
}

GatewayRig::GatewayRig(engine::Settings settings, adapters::http::ServerSettings front, std::uint32_t loops) {
  config_.loops = loops;
  config_.gateway = std::move(settings);
  config_.listen.port = 0;
  config_.listen.server = std::move(front);
  port_ = thread_.call([&] {
    app_ = app::App::make(thread_.loop(), config_, log_).value();
    return app_->listen().value().port();
  });
}

GatewayRig::~GatewayRig() {
  thread_.call([this] { app_->hurry(); });
  thread_.await<bool>([this] { return app_->drain(); });
  thread_.call([this] { app_.reset(); });
}

void GatewayRig::adopt(engine::Settings settings) {
  config_.gateway = std::move(settings);
  thread_.await<base::Result<void>>([this] { return app_->adopt(config_); }).value();
}

Heard GatewayRig::ask(const Question& question) const {
  RawSocket socket = connect();
  socket.say(to_http(question));
  return hear_chat(socket, question);
}

HttpAnswer GatewayRig::call(std::string_view request) const {
  RawSocket socket = connect();
  socket.say(request);
  return hear_answer(socket);
}

std::vector<ports::AccessLine> GatewayRig::lines(std::size_t count) { return log_.await(count); }

std::string GatewayRig::metrics() const { return call(get("/metrics")).body; }

}  // namespace dujiang::testing
