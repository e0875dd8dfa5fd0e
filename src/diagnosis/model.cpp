// What is offered, and what comes of asking for it.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "api/json.hpp"
#include "diagnosis/answer.hpp"
#include "diagnosis/words.hpp"

namespace dujiang::diagnosis {
namespace {

using provider::Code;

constexpr std::size_t kListed = 8;
// After it the gateway moves a call on to another target, where there is one (route::Clocks::first_token).
constexpr std::chrono::seconds kLate(10);

std::vector<std::string> missing(const std::vector<std::string>& wanted,
                                 const std::vector<std::string>& offered) {
  std::vector<std::string> out;
  for (const std::string& name : wanted) {
    if (std::ranges::find(offered, name) == offered.end()) out.push_back(name);
  }
  return out;
}

// A failure that the gateway is made to live with.
bool passes(Code code) {
  switch (code) {
    case Code::busy:
    case Code::rate_limited:
    case Code::concurrency_limit:
    case Code::tpm_limit:
    case Code::queue_expired:
    case Code::request_timeout:
    case Code::server_error:
    case Code::bad_gateway:
    case Code::insufficient_system_resource:
      return true;
    default:
      return false;
  }
}

std::string_view token_advice(Code code) {
  switch (code) {
    case Code::auth:
      return "the key is not accepted: is it whole, this vendor's, and still in the vendor's list?";
    case Code::balance:
      return "top the account up at the vendor's; until then every call is refused";
    case Code::forbidden:
      return "see at the vendor's what the key may do, and whether the account is verified and paid for";
    case Code::model_not_found:
      return "correct `model` of the route's target by the list of models above";
    case Code::not_found:
      return "check the path in `base_url`: most end in /v1, DeepSeek's has no path";
    case Code::timed_out:
    case Code::silent:
      return "the server took the call and says nothing: it may be overloaded, or load a model. If it lasts, "
             "a second "
             "target in the route takes such calls over";
    default:
      return "if it lasts, ask the server by hand (curl) and compare; `dialect` may be the wrong one";
  }
}

}  // namespace

std::optional<std::vector<std::string>> read_models(std::string_view body) {
  api::JsonParser parser;
  const auto root = parser.parse(body);
  const auto data = root ? root->find("data") : std::nullopt;
  // Where Ollama has no model, its list is null.
  if (!data || !(data->is_array() || data->is_null())) return std::nullopt;
  std::vector<std::string> names;
  data->for_each_element([&](api::JsonValue model) {
    const auto id = model.find("id");
    if (const auto name = id ? id->string() : std::nullopt) names.push_back(one_line(*name));
  });
  return names;
}

Finding judge_models(const AnswerSeen& seen, const ModelsWanted& wanted) {
  Finding finding{.check = check::kModels};
  const auto offered = seen.status == 200 ? read_models(seen.body) : std::nullopt;
  if (!offered) {
    finding.level = Level::skipped;
    finding.found = "skipped: there is no list of models";
    return finding;
  }
  finding.found = offered->empty() ? "the list is empty"
                                   : fmt::format("{}: {}", count_text(offered->size(), "model"),
                                                 list_text(*offered, kListed));
  const std::vector<std::string> lost = missing(wanted.by_target, *offered);
  const std::vector<std::string> unlisted = missing(wanted.by_route, *offered);
  if (!lost.empty()) {
    finding.level = Level::warn;
    finding.found = fmt::format("{} is not in the list; {}", list_text(lost, kListed), finding.found);
    finding.advice =
        "correct `model` of the route's target. Some servers serve names that they do not list: then all "
        "is well, and a call shows it";
  } else if (offered->empty()) {
    finding.level = Level::warn;
    finding.advice = "the server has no model yet: load or download one";
  } else if (!unlisted.empty()) {
    finding.found += fmt::format(". Not listed, though routes name them: {}", list_text(unlisted, kListed));
  } else if (!wanted.by_target.empty() || !wanted.by_route.empty()) {
    finding.found += "; all that the routes name";
  }
  return finding;
}

std::string model_to_try(const ModelsWanted& wanted, const std::vector<std::string>& offered) {
  for (const std::vector<std::string>* names : {&wanted.by_target, &wanted.by_route}) {
    for (const std::string& name : *names) {
      if (std::ranges::find(offered, name) != offered.end()) return name;
    }
  }
  if (!wanted.by_target.empty()) return wanted.by_target.front();
  if (!offered.empty()) return offered.front();
  return wanted.by_route.empty() ? "" : wanted.by_route.front();
}

Finding judge_token(const TokenSeen& seen) {
  Finding finding{.check = check::kToken};
  if (seen.code == Code::ok || seen.code == Code::blank) {
    const base::Duration first = seen.first_token.value_or(seen.took);
    finding.found =
        fmt::format("{} after {}, from {}", seen.first_token ? "the first token" : "a whole answer",
                    span_text(first), seen.served.empty() ? seen.asked : one_line(seen.served));
    if (!seen.served.empty() && seen.served != seen.asked) {
      finding.found += fmt::format(" (asked for {})", seen.asked);
    }
    if (first > kLate) {
      finding.level = Level::warn;
      finding.advice =
          "the server is busy. A second target in the route takes calls over whose first token is late";
    }
    return finding;
  }
  const bool queued =
      seen.kept_alive && (seen.code == Code::timed_out || seen.code == Code::late_first_token);
  finding.level = passes(seen.code) || queued ? Level::warn : Level::fail;
  finding.found = fmt::format("no token of {}: {}", seen.asked, provider::to_string(seen.code));
  if (seen.status != 0) finding.found += fmt::format(", status {}", seen.status);
  if (!seen.words.empty()) finding.found += ", " + quoted(seen.words);
  finding.found += fmt::format(" (after {})", span_text(seen.took));
  if (queued) finding.found += ", while the server kept the call waiting with signs of life";
  finding.advice =
      finding.level == Level::warn
          ? "the server is busy: this is what the gateway is for, it waits and repeats until the deadline"
          : token_advice(seen.code);
  return finding;
}

}  // namespace dujiang::diagnosis
