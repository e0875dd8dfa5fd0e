#include "doctor/endpoint.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/http/client.hpp"
#include "adapters/http/client_dial.hpp"
#include "adapters/net/tls.hpp"
#include "api/json_edit.hpp"
#include "doctor/ask.hpp"
#include "engine/upstream.hpp"

namespace dujiang::doctor {
namespace {

namespace check = diagnosis::check;
using adapters::http::BaseUrl;
using adapters::http::Client;
using adapters::http::ConnectError;
using adapters::http::Destination;
using adapters::http::DialTrail;
using api::Operation;
using diagnosis::Finding;
using diagnosis::Level;
using diagnosis::WaySeen;
using provider::Code;

diagnosis::AddressSeen seen_of(const adapters::net::SocketAddress& address, bool with_port) {
  return {.text = with_port ? address.to_string() : address.ip_text(), .is_ip6 = address.is_ip6()};
}

WaySeen::Trouble trouble_of(ports::IoFailure failure) {
  switch (failure) {
    case ports::IoFailure::connect_timeout:
      return WaySeen::Trouble::timed_out;
    case ports::IoFailure::local:
      return WaySeen::Trouble::local;
    default:
      return WaySeen::Trouble::refused;
  }
}

// Said twice, since a pure module sees no adapter: the same order, the same number.
using CertificateFault = adapters::net::CertificateFault;
static_assert(static_cast<int>(DialTrail::Step::done) == static_cast<int>(WaySeen::Step::done));
static_assert(static_cast<int>(DialTrail::Step::tunnel) == static_cast<int>(WaySeen::Step::tunnel));
static_assert(static_cast<int>(CertificateFault::other) ==
              static_cast<int>(diagnosis::CertificateSeen::Fault::other));
static_assert(static_cast<int>(CertificateFault::other_host) ==
              static_cast<int>(diagnosis::CertificateSeen::Fault::other_host));

// The dial's trail in the words of the diagnosis.
WaySeen way_of(const Destination& to, const route::UpstreamSpec& spec, const DialTrail& trail,
               const ConnectError* error) {
  WaySeen way{.host = to.proxy ? to.proxy->host : to.url.host,
              .target = endpoint_name(to.url),
              .proxy = to.proxy ? to.proxy->name : "",
              .is_secure = to.url.scheme == BaseUrl::Scheme::https,
              .is_here = !to.proxy && trail.addresses && trail.addresses->front().is_loopback(),
              .roots = spec.ca_file.value_or(""),
              .step = static_cast<WaySeen::Step>(trail.step),
              .look_up = trail.resolved - trail.started,
              .connect = trail.connected - trail.resolved,
              .tunnel = trail.tunnelled - trail.connected,
              .handshake = trail.secured - std::max(trail.connected, trail.tunnelled),
              .tls_version = trail.tls.version,
              .fault = static_cast<diagnosis::CertificateSeen::Fault>(trail.tls.fault)};
  if (error != nullptr) {
    way.trouble = trouble_of(error->failure);
    way.failure = error->detail;
  }
  if (trail.addresses) {
    for (const auto& address : *trail.addresses) way.addresses.push_back(seen_of(address, false));
    way.peer = seen_of(trail.peer, true);
  }
  if (const auto& facts = trail.tls.certificate) {
    way.certificate = {facts->subject, facts->issuer, facts->from, facts->until};
  }
  return way;
}

// A call for one token. Newer models of OpenAI know its limit by another name.
std::string call_body(const std::string& model, std::string_view limit) {
  return R"({"model":)" + api::json_quote(model) + R"(,"messages":[{"role":"user","content":"Hi"}],")" +
         std::string(limit) + R"(":1,"stream":true})";
}
constexpr std::string_view kLimit = "max_tokens";
constexpr std::string_view kOtherLimit = "max_completion_tokens";

// A key and whose it is.
struct Tried {
  diagnosis::KeyTried name;
  route::Secret key;
  bool refused = false;
};

class Examination {
 public:
  Examination(runtime::EpollLoop& loop, EndpointCase endpoint)
      : loop_(loop), case_(std::move(endpoint)), setup_(case_.spec) {
    section_.title = spec().name + ": " + spec().endpoints.front().url;
  }

  // Returns false where nothing can be asked.
  runtime::Task<bool> go_there(const adapters::net::ResolverSettings& settings) {
    section_.findings.push_back(judge_proxy(case_.proxy));
    const auto to = adapters::http::destination_of(spec().endpoints.front());
    auto tls = adapters::net::TlsContext::make(spec().ca_file);
    if (!to || !tls) {
      add({check::kTls, Level::fail, to ? tls.error().message : to.error().message,
           "correct the upstream in the configuration"});
      co_return false;
    }
    adapters::net::Resolver resolver(loop_, settings);
    DialTrail trail;
    // Reading the roots took a while, which is none of the connection's.
    co_await runtime::sleep_until(loop_, loop_.now());
    const auto until = base::after(loop_.now(), spec().connect_timeout);
    auto dialled = co_await dial(loop_, resolver, std::move(*tls), *to, until, &trail);
    const WaySeen way = way_of(*to, spec(), trail, dialled ? nullptr : &dialled.error());
    for (Finding& finding : judge_way(way, loop_.wall_now())) add(std::move(finding));
    co_return dialled.has_value();
  }

  runtime::Task<void> ask_everything(Client& client) {
    client_ = &client;
    co_await runtime::sleep_until(loop_, loop_.now());  // as in go_there()
    open_ = (co_await hear({.operation = Operation::models})).answer;
    add(judge_answer(open_, list_url()));
    if (open_.status == 0) {
      skip_from(check::kClock, "skipped: there is no answer");
      co_return;
    }
    add(judge_clock(open_));
    if (!speaks_api(open_)) {
      skip_from(check::kKey, "skipped: it does not answer as an API");
      co_return;
    }
    co_await try_keys();
    add(judge_models(list_, case_.wanted));
    co_await look_at_balances();
    settle_keys(co_await call());
  }

  void skip_from(std::string_view first, std::string_view because) {
    bool due = false;
    for (const std::string_view name :
         {check::kAnswer, check::kClock, check::kKey, check::kModels, check::kBalance, check::kToken}) {
      due = due || name == first;
      if (due && (name != check::kBalance || has_balance())) skip(name, because);
    }
  }

  diagnosis::Section take() { return std::move(section_); }

 private:
  const route::UpstreamSpec& spec() const { return *case_.spec; }
  void add(Finding finding) { section_.findings.push_back(std::move(finding)); }
  void skip(std::string_view name, std::string_view because) {
    add({name, Level::skipped, std::string(because)});
  }
  bool has_balance() const { return target_path(*setup_.dialect, Operation::balance, "").has_value(); }

  std::string list_url() const {
    const std::string target = target_path(*setup_.dialect, Operation::models, "").value_or("/");
    std::string base = spec().endpoints.front().url;
    while (base.ends_with('/')) base.pop_back();
    return base + target;
  }

  runtime::Task<Heard> hear(Question question) {
    question.patience = api::generates(question.operation) ? case_.token_time : case_.answer_time;
    return ask(loop_, *client_, setup_, std::move(question));
  }

  std::vector<Tried> keys() const {
    std::vector<Tried> out;
    for (const route::AccountSpec& account : spec().accounts) {
      for (const route::Secret& key : account.keys) out.push_back({{account.name, key.masked()}, key});
      if (account.keys.empty() && !spec().pass_through_key) out.push_back({{account.name, ""}, {}});
    }
    if (spec().pass_through_key && case_.callers_key) {
      out.push_back({{"of a caller", case_.callers_key->masked()}, *case_.callers_key});
    }
    return out;
  }

  // Where the list is open to all, or there is none, it tells nothing of a key.
  bool list_tells_of_keys() const {
    return !lists_for_all(open_) && open_.status != 404 && open_.status != 405;
  }

  runtime::Task<void> try_keys() {
    list_ = open_;
    for (Tried& tried : tried_ = keys()) {
      if (!list_tells_of_keys()) break;
      const bool is_the_same = tried.key.empty();
      diagnosis::AnswerSeen seen =
          is_the_same ? open_ : (co_await hear({.operation = Operation::models, .key = tried.key})).answer;
      Finding finding = judge_key(tried.name, seen, *setup_.dialect);
      tried.refused = finding.level == Level::fail;
      const bool hangs = seen.trouble == diagnosis::AnswerSeen::Trouble::timed_out;
      if (seen.status == 200) list_ = std::move(seen);
      add(std::move(finding));
      if (hangs) break;  // so would the others
    }
    if (tried_.empty()) add(case_.no_key);
  }

  runtime::Task<void> look_at_balances() {
    if (!has_balance()) co_return;
    std::string last;
    bool any = false;
    for (const Tried& tried : tried_) {
      // An account has one balance, whatever the number of its keys.
      if (tried.refused || tried.key.empty() || (any && tried.name.account == last)) continue;
      const Heard heard = co_await hear({.operation = Operation::balance, .key = tried.key});
      add(judge_balance(tried.name, heard.answer, *setup_.dialect));
      last = tried.name.account;
      any = true;
    }
    if (!any) skip(check::kBalance, why_no_key());
  }

  std::string_view why_no_key() const {
    return tried_.empty() ? "skipped: there is no key to ask with" : "skipped: no key is accepted";
  }

  // What came of it; nothing where none was made.
  runtime::Task<std::optional<Finding>> call() {
    const auto with = std::ranges::find(tried_, false, &Tried::refused);
    const std::string model =
        model_to_try(case_.wanted, diagnosis::read_models(list_.body).value_or(std::vector<std::string>()));
    if (!case_.call) {
      skip(check::kToken, "skipped: no call was wanted");
    } else if (with == tried_.end()) {
      skip(check::kToken, why_no_key());
    } else if (model.empty()) {
      skip(check::kToken, "skipped: neither a route nor the list names a model to ask");
    } else {
      Heard heard = co_await hear_call(*with, model, kLimit);
      if (heard.code == Code::bad_request && heard.words.contains(kOtherLimit)) {
        heard = co_await hear_call(*with, model, kOtherLimit);
      }
      add(diagnosis::judge_token({.asked = model,
                                  .served = heard.model,
                                  .code = heard.code,
                                  .status = heard.answer.status == 200 ? 0 : heard.answer.status,
                                  .words = heard.words,
                                  .first_token = heard.first_token,
                                  .took = heard.answer.took,
                                  .kept_alive = heard.kept_alive}));
      co_return section_.findings.back();
    }
    co_return std::nullopt;
  }

  runtime::Task<Heard> hear_call(const Tried& with, const std::string& model, std::string_view limit) {
    return hear({.operation = Operation::chat, .key = with.key, .body = call_body(model, limit)});
  }

  // Where only the call could tell of keys, their findings stand before those of what they are for.
  void settle_keys(const std::optional<Finding>& called) {
    if (list_tells_of_keys()) return;
    auto at = std::ranges::find(section_.findings, check::kModels, &Finding::check);
    const auto with = std::ranges::find(tried_, false, &Tried::refused);
    for (auto tried = tried_.begin(); tried != tried_.end(); ++tried) {
      const bool was_called = called && tried == with;
      at = section_.findings.insert(at, judge_key_by_call(tried->name, was_called ? &*called : nullptr));
      ++at;
    }
  }

  runtime::EpollLoop& loop_;
  EndpointCase case_;
  engine::Setup setup_;
  Client* client_ = nullptr;
  diagnosis::AnswerSeen open_;  // the list of models without a key
  diagnosis::AnswerSeen list_;  // and with the first one that was accepted
  std::vector<Tried> tried_;
  diagnosis::Section section_;
};

}  // namespace

runtime::Task<diagnosis::Section> examine_endpoint(runtime::EpollLoop& loop, EndpointCase endpoint,
                                                   adapters::net::ResolverSettings resolver) {
  const auto spec = endpoint.spec;
  Examination examination(loop, std::move(endpoint));
  if (!co_await examination.go_there(resolver)) {
    examination.skip_from(check::kAnswer, "skipped: there is no way there");
    co_return examination.take();
  }
  const auto client = Client::make(loop, adapters::http::ConfiguredUpstreams{spec}, std::move(resolver));
  if (client) {
    co_await examination.ask_everything(**client);
  } else {
    examination.skip_from(check::kAnswer, "skipped: " + client.error().message);
  }
  co_return examination.take();
}

}  // namespace dujiang::doctor
