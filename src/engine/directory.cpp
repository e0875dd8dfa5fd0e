#include "engine/directory.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "api/json.hpp"
#include "engine/answer.hpp"
#include "engine/exchange.hpp"
#include "engine/rights.hpp"
#include "engine/turn.hpp"

namespace dujiang::engine {
namespace {

// A reply that stays here: what an exchange of our own comes to.
class CapturedReply final : public ports::CallerReply {
 public:
  CapturedReply() = default;
  CapturedReply(CapturedReply&&) = default;
  CapturedReply& operator=(CapturedReply&&) = default;

  void start(int status, const http::Headers& headers, std::optional<std::uint64_t> /*length*/) override {
    status_ = status;
    headers_ = headers;
  }
  runtime::Task<bool> write(std::string_view bytes) override {
    body_ += bytes;
    co_return true;
  }
  runtime::Task<bool> finish() override { co_return true; }
  void abort() override { status_ = 0; }
  bool started() const override { return status_ != 0; }
  std::uint64_t bytes_written() const override { return body_.size(); }

  int status() const { return status_; }
  const http::Headers& headers() const { return headers_; }
  const std::string& body() const { return body_; }

 private:
  int status_ = 0;
  http::Headers headers_;
  std::string body_;
};

// Names that `route` would serve, out of an upstream's list.
void add_served(const Plan& plan, const route::RouteSpec& route, std::string_view list,
                std::vector<std::string>& names) {
  api::JsonParser parser;
  const auto root = parser.parse(list);
  if (!root) return;
  const auto data = root->find("data");
  if (!data) return;
  data->for_each_element([&](api::JsonValue model) {
    const auto id = model.find("id");
    const auto name = id ? id->string() : std::nullopt;
    if (name && plan.routes.match(*name) == &route) names.emplace_back(*name);
  });
}

std::int64_t unix_seconds(const Services& services) {
  return std::chrono::duration_cast<std::chrono::seconds>(services.loop.wall_now().time_since_epoch())
      .count();
}

// The models that the routes name and that the caller may use.
std::vector<std::string> named_models(const Plan& plan, const policy::CallerKey* key) {
  std::vector<std::string> names = plan.routes.model_names();
  std::erase_if(names, [&](const std::string& name) {
    const route::RouteSpec* route = plan.routes.match(name);
    return route != nullptr && !may_use(key, *route);
  });
  return names;
}

// The targets to which routes that the caller may use pass any name on as it is.
std::vector<std::pair<const route::RouteSpec*, std::string>> open_targets(const Plan& plan,
                                                                          const policy::CallerKey* key) {
  std::vector<std::pair<const route::RouteSpec*, std::string>> open;
  for (const route::RouteSpec& route : plan.routes.routes()) {
    if (!route.match.ends_with('*') || !may_use(key, route)) continue;
    for (const route::Target& target : route.targets) {
      if (target.model.empty() && plan.models_routes.contains(target.upstream))
        open.emplace_back(&route, target.upstream);
    }
  }
  return open;
}

}  // namespace

bool is_listed(const Plan& plan, std::string_view model) {
  const std::vector<std::string> names = plan.routes.model_names();
  return std::ranges::find(names, model) != names.end();
}

runtime::Task<void> list_models(Services& services, const Errand& errand) {
  const Plan& plan = *errand.plan;
  const policy::CallerKey* key = errand.request.key.get();
  Ledger ledger(services, "models", errand.request, errand.request_id);
  Answer answer(errand.reply, errand.format, errand.request_id, false);
  const auto open = open_targets(plan, key);
  Turn turn;
  if (!open.empty()) {
    // One turn for the whole list, however many are asked.
    const base::Duration longest = plan.models_routes.find(open.front().second)->second.clocks.total;
    auto booked = book_turn(key, services.loop.now(), base::after(errand.request.received, longest));
    if (!booked) {
      answer.set_standing(std::move(booked.error().standing));
      ledger.failed(booked.error().error.code, false);
      co_await answer.fail(std::move(booked.error().error));
      ledger.sent(answer.status(), answer.bytes_written());
      co_return;
    }
    turn = std::move(*booked);
  }
  answer.set_standing(turn.standing);
  std::vector<std::string> names = named_models(plan, key);
  std::map<std::string, std::string> lists;  // by upstream
  std::optional<CapturedReply> failed;
  for (const auto& [route, upstream] : open) {
    if (!lists.contains(upstream)) {
      CapturedReply captured;
      const Errand inner{errand.plan, errand.request, captured, errand.format, errand.request_id};
      co_await serve_part(services, inner, {.operation = api::Operation::models},
                          &plan.models_routes.find(upstream)->second, turn, ledger);
      lists[upstream] = captured.status() == 200 ? captured.body() : std::string();
      if (captured.status() != 200) failed = std::move(captured);
    }
    add_served(plan, *route, lists[upstream], names);
  }
  if (names.empty() && failed && failed->started()) {
    errand.reply.start(failed->status(), failed->headers(), failed->body().size());
    if (co_await errand.reply.write(failed->body())) co_await errand.reply.finish();
    co_return;
  }
  std::set<std::string> seen;
  std::erase_if(names, [&](const std::string& name) { return !seen.insert(name).second; });
  co_await answer.whole(errand.format.models_body(names, unix_seconds(services)));
  // Whatever came of asking a single upstream, the caller has its list.
  ledger.local(answer.status(), answer.bytes_written());
}

runtime::Task<void> show_model(Services& services, const Errand& errand, std::string model) {
  Ledger ledger(services, "model", errand.request, errand.request_id);
  Answer answer(errand.reply, errand.format, errand.request_id, false);
  co_await answer.whole(errand.format.model_body(model, unix_seconds(services)));
  ledger.local(answer.status(), answer.bytes_written());
}

}  // namespace dujiang::engine
