#include "engine/outcome.hpp"

#include <map>
#include <utility>

#include "provider/caller_error.hpp"

namespace dujiang::engine {
namespace {

using policy::Finding;
using provider::Code;
using provider::Verdict;

bool ran_out_of_time(Code code) {
  return code == Code::silent || code == Code::late_first_token || code == Code::stalled ||
         code == Code::timed_out;
}

api::ApiError overloaded(std::string message, std::string code, std::optional<base::Duration> retry_after) {
  api::ApiError error;
  error.status = 429;
  error.type = "rate_limit_error";
  error.code = std::move(code);
  error.message = std::move(message);
  error.retry_after = retry_after;
  return error;
}

std::string_view reason_of(policy::GiveUp::Why why) {
  switch (why) {
    case policy::GiveUp::Why::ended:
      return {};
    case policy::GiveUp::Why::no_target:
      return "no target of the route is left";
    case policy::GiveUp::Why::deadline:
      return "the deadline leaves no time for another attempt";
    case policy::GiveUp::Why::attempts:
      return "no more attempts are allowed";
    case policy::GiveUp::Why::paid_repeats:
      break;
  }
  return "another attempt might be paid twice and the budget for that is used up";
}

}  // namespace

Finding finding_of(const provider::Classification& result, bool committed, const route::RouteSpec& route) {
  if (committed && result.verdict != Verdict::success) return Finding::broken;
  switch (result.verdict) {
    case Verdict::success:
      return Finding::answered;
    case Verdict::blank:
      return Finding::blank;
    case Verdict::retryable:
      return ran_out_of_time(result.code) ? Finding::timed_out : Finding::busy;
    case Verdict::resumable:
      return Finding::broken;
    case Verdict::fatal_account:
      return Finding::account_fault;
    case Verdict::fatal_request:
      break;
  }
  if (result.larger_context) return Finding::context_too_long;
  if (result.code == Code::content_filter && route.fail_over_on_content_filter) return Finding::filtered;
  if (result.code == Code::model_not_found || result.code == Code::not_found) return Finding::account_fault;
  return Finding::request_fault;
}

policy::Billing billing_of(provider::Billing billing) {
  switch (billing) {
    case provider::Billing::unsent:
      return policy::Billing::unsent;
    case provider::Billing::refused:
      return policy::Billing::refused;
    case provider::Billing::possibly_billed:
    case provider::Billing::delivered:
      break;
  }
  return policy::Billing::possibly_billed;
}

void hide_key(api::ApiError& error, std::string_view key) {
  if (key.empty()) return;
  static constexpr std::string_view kHidden = "****";
  const auto hide = [key](std::string& text) {
    for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at + kHidden.size())) {
      text.replace(at, key.size(), kHidden);
    }
  };
  hide(error.message);
  hide(error.type);
  hide(error.code);
  if (error.param) hide(*error.param);
}

bool tells_of_account(Code code) {
  return code == Code::auth || code == Code::forbidden || code == Code::balance;
}

void hide_account(Failure& failure) {
  if (!tells_of_account(failure.code)) return;
  failure.code = Code::upstream_account;
  failure.error = provider::caller_error(failure.code);
}

Failure not_admitted(const Admission& admission, std::string served_by) {
  const std::string name = "upstream `" + admission.upstream().name() + "`";
  switch (admission.state()) {
    case Admission::State::refused: {
      const policy::QueueRefusal& refusal = admission.refusal();
      if (refusal.reason == policy::QueueRefusal::Reason::full) {
        return {std::move(served_by), Code::queue_full,
                overloaded(
                    "The queue for " + name + " is full. Send fewer requests at once, or come again later.",
                    "queue_full", refusal.retry_after)};
      }
      return {
          std::move(served_by), Code::deadline,
          overloaded("The rate limit of " + name +
                         " can't let this request through before its deadline. Send fewer requests a second, "
                         "or allow a later deadline.",
                     "rate_limited", refusal.retry_after)};
    }
    case Admission::State::closed: {
      if (admission.cause()) return {std::move(served_by), Code::auth, *admission.cause()};
      break;
    }
    case Admission::State::waiting:
    case Admission::State::admitted:
    case Admission::State::expired:
      break;
  }
  return {std::move(served_by), Code::deadline,
          overloaded("The request waited for " + name +
                         " until its time was up. Send fewer requests at once, or allow a later deadline.",
                     "deadline", std::chrono::seconds(5))};
}

api::ApiError final_error(const policy::GiveUp& end, const std::vector<Failure>& failures) {
  if (!end.cause) {
    api::ApiError error;
    error.status = 504;
    error.type = "timeout_error";
    error.code = "deadline";
    error.message = "The deadline passed before an attempt could be made. Allow a later deadline.";
    return error;
  }
  api::ApiError error = failures[*end.cause].error;
  error.should_retry = false;
  std::map<std::string, std::size_t> others;
  for (std::size_t i = 0; i < failures.size(); ++i) {
    if (i != *end.cause)
      ++others[failures[i].served_by + ": " + std::string(provider::to_string(failures[i].code))];
  }
  if (const auto reason = reason_of(end.why); !reason.empty() && failures.size() > 1) {
    error.message +=
        " Dujiang tried " + std::to_string(failures.size()) + " times; " + std::string(reason) + ".";
  }
  if (!others.empty()) {
    error.message += " Other failures:";
    for (const auto& [what, count] : others)
      error.message += " " + what + " (" + std::to_string(count) + ");";
    error.message.back() = '.';
  }
  return error;
}

}  // namespace dujiang::engine
