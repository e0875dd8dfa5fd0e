#include "sim/attempts.hpp"

#include <algorithm>
#include <ranges>

#include "sim/http_text.hpp"
#include "sim/json_text.hpp"
#include "sim/performance.hpp"

namespace dujiang::sim {
namespace {

std::string hex(std::uint64_t value, std::size_t digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out(digits, '0');
  for (char& digit : std::views::reverse(out)) {
    digit = kDigits[value & 15];
    value >>= 4;
  }
  return out;
}

Directive plain(std::string_view text) { return *parse_directive(text); }

std::string number(double value) {
  std::string out = std::to_string(value);
  out.erase(out.find_last_not_of('0') + 1);
  if (out.ends_with('.')) out.pop_back();
  return out;
}

std::string refusal_fields(const Directive& fault, const std::string& uuid) {
  const std::string trace = "x-ds-trace-id: " + trace_id(uuid) + "\r\n";
  return fault.retry_after ? trace + "Retry-After: " + number(*fault.retry_after) + "\r\n" : trace;
}

}  // namespace

runtime::Task<bool> send_page(Wire& wire, ErrorPage page, std::string extra_fields, bool keep_alive) {
  std::string bytes = to_text({.status = page.status,
                               .content_type = page.content_type,
                               .length = page.body.size(),
                               .keep_alive = keep_alive,
                               .trace_id = {},
                               .extra = std::move(extra_fields)});
  co_return co_await wire.write(bytes + page.body) && keep_alive;
}

Attempts::Attempts(runtime::Loop& loop, Options options) : loop_(loop), options_(std::move(options)) {
  begin(options_.scenario, options_.speed, options_.seed);
}

void Attempts::begin(Scenario scenario, double speed, std::uint64_t seed) {
  options_.scenario = scenario;
  options_.speed = speed;
  options_.seed = seed;
  const double all = speed * scenario.speed;
  weather_ = std::make_shared<const Weather>(Weather{.scenario = std::move(scenario),
                                                     .draws = Draws(seed),
                                                     .began = loop_.now(),
                                                     .speed = all,
                                                     .keep_alive = options_.keep_alive.value_or(0)});
  last_id_ = {.slot = UINT64_MAX, .k = 0};
}

void Attempts::reset() {
  begin(options_.scenario, options_.speed, options_.seed);
  ledger_.clear();
}

std::string Attempts::stats() const {
  const double seconds = weather_->seconds_at(loop_.now());
  return R"({"scenario":)" + quoted(options_.scenario.name) + R"(,"phase":)" +
         quoted(weather_->scenario.phase_at(seconds).name) + R"(,"seconds":)" + number(seconds) +
         R"(,"speed":)" + number(weather_->speed) + R"(,"seed":)" + std::to_string(options_.seed) + ',' +
         ledger_.stats_members() + "}\n";
}

AttemptId Attempts::next_id(double seconds) {
  const auto slot = static_cast<std::uint64_t>(seconds / kDrawSlotSeconds);
  last_id_ = slot == last_id_.slot ? AttemptId{slot, last_id_.k + 1} : AttemptId{slot, 0};
  return last_id_;
}

std::string Attempts::next_uuid() {
  const std::uint64_t high = mix(options_.seed ^ mix(++uuids_));
  const std::uint64_t low =
      mix(high ^ static_cast<std::uint64_t>(loop_.wall_now().time_since_epoch().count()));
  return hex(high >> 32, 8) + '-' + hex(high >> 16, 4) + "-4" + hex(high, 3) + "-8" + hex(low >> 48, 3) +
         '-' + hex(low, 12);
}

base::Result<std::vector<Directive>> Attempts::directives(const Request& request,
                                                          const ChatRequest& chat) const {
  std::vector<Directive> out;
  for (const std::string& field : request.fault_fields) {
    for (const auto part : field | std::views::split(',')) {
      auto directive = parse_directive(std::string_view(part));
      if (!directive) return std::unexpected(directive.error());
      out.push_back(*directive);
    }
  }
  auto in_prompt = directives_in(chat.prompt);
  if (!in_prompt) return std::unexpected(in_prompt.error());
  std::ranges::copy(*in_prompt, std::back_inserter(out));
  std::ranges::copy(options_.faults, std::back_inserter(out));
  return out;
}

std::optional<Directive> Attempts::told(const Request& request, const ChatRequest& chat,
                                        const std::vector<Directive>& directives, std::uint64_t prompt) {
  if (request.key.contains("invalid")) return plain("12");
  const bool known =
      options_.models.empty() || std::ranges::find(options_.models, chat.model) != options_.models.end();
  if (!known && request.path != "/embeddings") return plain("13");
  for (std::size_t i = 0; i < directives.size(); ++i) {
    const std::uint64_t which = static_cast<std::uint64_t>(directives[i].fault) << 32 | i;
    if (!directives[i].times || ledger_.take_turn(prompt, which, *directives[i].times)) return directives[i];
  }
  return std::nullopt;
}

Attempts::Arrived Attempts::arrive(const Request& request, const ChatRequest& chat,
                                   const std::vector<Directive>& directives) {
  const double seconds = weather_->seconds_at(loop_.now());
  const Phase& phase = weather_->scenario.phase_at(seconds);
  Arrived out{.weather = weather_,
              .fate = {},
              .entry = {.prompt = fnv1a64(chat.prompt), .stream = chat.stream},
              .uuid = next_uuid(),
              .slots = phase.slots};
  out.entry.attempt = ledger_.arrived(out.entry.prompt);
  const std::optional<Directive> by_name = told(request, chat, directives, out.entry.prompt);
  out.fate = decide(weather_->scenario, weather_->draws,
                    {.id = next_id(seconds),
                     .seconds = seconds,
                     .slots_held = ledger_.slots_held(),
                     .told = by_name ? &*by_name : nullptr});
  if (out.fate.over_capacity) out.fate.fault = plain(phase.limit == LimitText::balance ? "8" : "9");
  out.entry.fault = out.fate.fault.fault;
  if (out.entry.fault != Fault::none) ledger_.fault_shown(out.entry.fault);
  return out;
}

runtime::Task<bool> Attempts::refuse(Wire& wire, Request request, Arrived attempt) {
  if (attempt.entry.fault == Fault::refused) {
    attempt.entry.outcome = Outcome::reset;
    ledger_.finished(attempt.entry, false, 0);
    wire.reset();
    co_return false;
  }
  ErrorPage page = error_page(attempt.fate.fault, attempt.slots, request.key, attempt.uuid);
  attempt.entry.outcome = Outcome::refused;
  attempt.entry.status = page.status;
  ledger_.finished(attempt.entry, false, 0);
  co_return co_await send_page(wire, std::move(page), refusal_fields(attempt.fate.fault, attempt.uuid),
                               request.keep_alive);
}

runtime::Task<bool> Attempts::perform(Wire& wire, Request request, ChatRequest chat,
                                      std::optional<std::string> fixed_body, Arrived attempt) {
  const bool may_think =
      options_.thinking || attempt.weather->scenario.thinking || chat.model == "deepseek-reasoner";
  const bool thinking = chat.form == Form::chat && chat.thinking.value_or(may_think) && !fixed_body;
  const auto created =
      std::chrono::duration_cast<std::chrono::seconds>(loop_.wall_now().time_since_epoch()).count();
  Job job{.weather = attempt.weather,
          .fate = attempt.fate,
          .composer = Composer(std::move(chat), {.id = attempt.uuid, .created = created}, thinking),
          .fixed_body = std::move(fixed_body),
          .uuid = attempt.uuid,
          .old_http = request.old_http,
          .keep_alive = request.keep_alive,
          .load = &ledger_};
  // An answer may take long, and there may be thousands of them: what was good for its beginning is let go.
  request = {};
  ledger_.accepted();
  const Shown shown = co_await show(wire, loop_, std::move(job));
  attempt.entry.outcome = shown.outcome;
  attempt.entry.status = shown.status;
  attempt.entry.content_tokens = shown.content_tokens;
  ledger_.finished(attempt.entry, true, shown.generated);
  co_return shown.keep_alive;
}

runtime::Task<bool> Attempts::serve(Wire& wire, Request request, ChatRequest chat,
                                    std::optional<std::string> fixed_body) {
  const auto wanted = directives(request, chat);
  if (!wanted) {
    co_return co_await send_page(wire, bad_request_page(400, wanted.error().message), {}, request.keep_alive);
  }
  Arrived attempt = arrive(request, chat, *wanted);
  if (is_refusal(attempt.fate.fault)) {
    co_return co_await refuse(wire, std::move(request), std::move(attempt));
  }
  co_return co_await perform(wire, std::move(request), std::move(chat), std::move(fixed_body),
                             std::move(attempt));
}

}  // namespace dujiang::sim
