#include "provider/classify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.hpp"
#include "provider/caller_error.hpp"

namespace dujiang::provider {
namespace {

using Kind = api::WholeAnswer::Kind;

constexpr bool is_success_status(int status) { return status >= 200 && status <= 299; }

// A finish reason that tells of a failure under a 200.
Code failed_finish_code(std::string_view reason) {
  return reason == "insufficient_system_resource" ? Code::insufficient_system_resource : Code::upstream_error;
}

Code io_code(Failure failure) {
  switch (failure) {
    case Failure::no_endpoint:
      return Code::no_endpoint;
    case Failure::dns:
      return Code::dns;
    case Failure::connect:
      return Code::connect;
    case Failure::connect_timeout:
      return Code::connect_timeout;
    case Failure::local:
      return Code::gateway_exhausted;
    case Failure::tls:
      return Code::tls;
    case Failure::reset:
    case Failure::closed:
      return Code::reset;
    case Failure::protocol:
      return Code::garbage;
  }
  std::unreachable();
}

bool never_connected(Code code) {
  return code == Code::no_endpoint || code == Code::dns || code == Code::connect ||
         code == Code::connect_timeout || code == Code::gateway_exhausted || code == Code::tls;
}

Verdict refusal_verdict(Code code) {
  switch (code) {
    case Code::balance:
    case Code::auth:
    case Code::forbidden:
      return Verdict::fatal_account;
    case Code::model_not_found:
    case Code::not_found:
    case Code::bad_request:
    case Code::context_too_long:
    case Code::content_filter:
    case Code::unexpected_status:
    case Code::too_large:
      return Verdict::fatal_request;
    default:
      return Verdict::retryable;
  }
}

AccountOut account_out(Code code) {
  switch (code) {
    case Code::balance:
    case Code::auth:
      return AccountOut::long_time;
    case Code::rate_limited:
    case Code::concurrency_limit:
    case Code::tpm_limit:
      return AccountOut::transient;
    default:
      return AccountOut::no;
  }
}

class Judge {
 public:
  Judge(const Dialect& dialect, const AttemptRecord& record) : dialect_(&dialect), record_(&record) {}

  Classification run() const {
    const AttemptRecord& r = *record_;
    if (r.status == 0) return without_head();
    if (!is_success_status(r.status)) return refusal();
    return r.streamed ? stream() : whole();
  }

 private:
  static Classification success() { return {}; }

  // The request was out, so tokens may have been made.
  Billing maybe_billed() const {
    return record_->sent == Sent::everything ? Billing::possibly_billed : Billing::unsent;
  }

  Classification failure(Code code, Billing billing, std::string_view detail = {},
                         const ErrorFacts* facts = nullptr) const {
    Classification out;
    out.code = code;
    out.billing = billing;
    out.verdict = refusal_verdict(code);
    if (out.verdict == Verdict::retryable && record_->committed) out.verdict = Verdict::resumable;
    out.account_out = account_out(code);
    out.larger_context = code == Code::context_too_long;
    if (record_->headers != nullptr) out.retry_after = read_retry_after(*record_->headers, record_->now);
    if (facts != nullptr) out.learned_limit = facts->learned_limit;
    out.error = caller_error(code, facts, detail);
    out.error.retry_after = out.retry_after;
    return out;
  }

  Classification cancelled() const {
    Classification out = failure(Code::caller_gone, maybe_billed());
    out.verdict = Verdict::fatal_request;
    return out;
  }

  Classification without_head() const {
    switch (record_->ended) {
      case Ended::cancelled:
        return cancelled();
      case Ended::clock:
        return failure(record_->clock == Clock::total ? Code::timed_out : Code::silent, maybe_billed());
      case Ended::failure: {
        const Code code = io_code(record_->failure);
        return failure(code, never_connected(code) ? Billing::unsent : maybe_billed());
      }
      case Ended::complete:
      case Ended::too_large:
        break;
    }
    return failure(Code::garbage, maybe_billed());
  }

  Classification refusal() const {
    const ErrorFacts facts = read_error(*dialect_, record_->status, record_->body);
    return failure(facts.code, Billing::refused, {}, &facts);
  }

  // An error object under a 200. Free as long as no token came.
  Classification error_inside(std::string_view body, bool any_token) const {
    const ErrorFacts facts = read_error(*dialect_, record_->status, body);
    return failure(facts.code, any_token ? Billing::possibly_billed : Billing::refused, {}, &facts);
  }

  // Nothing but signs of life came.
  Classification nothing_came(bool waited) const {
    const bool expired = waited && dialect_->queue_expiry > base::Duration::zero() &&
                         record_->elapsed >= dialect_->queue_expiry;
    if (expired) return failure(Code::queue_expired, Billing::refused);
    if (record_->ended == Ended::failure && record_->failure == Failure::reset) {
      return failure(Code::reset, Billing::possibly_billed);
    }
    return failure(Code::empty_body, Billing::refused);
  }

  Code clock_code(bool any_token) const {
    switch (record_->clock) {
      case Clock::first_byte:
        return Code::silent;
      case Clock::first_token:
        return Code::late_first_token;
      case Clock::silence:
        return any_token ? Code::stalled : Code::silent;
      case Clock::gap:
      case Clock::after_finish:
        return Code::stalled;
      case Clock::total:
        return Code::timed_out;
    }
    std::unreachable();
  }

  bool is_blank(bool any_content, std::string_view finish_reason) const {
    constexpr std::array<std::string_view, 4> kAnswersAnyway{"length", "tool_calls", "function_call",
                                                             "content_filter"};
    return !any_content && !record_->one_token &&
           std::ranges::find(kAnswersAnyway, finish_reason) == kAnswersAnyway.end();
  }

  Classification blank() const {
    Classification out = failure(Code::blank, Billing::possibly_billed);
    out.verdict = Verdict::blank;
    return out;
  }

  // Whether every choice has its end, as far as that can be known.
  bool stream_finished() const {
    const StreamFacts& facts = record_->stream;
    return facts.finished(record_->choices) ||
           (facts.all_seen_finished() && (record_->ended == Ended::complete || facts.done));
  }

  Classification stream() const {
    const StreamFacts& facts = record_->stream;
    const bool any_token = facts.content || facts.reasoning;
    if (facts.failed_finish()) {
      return failure(failed_finish_code(facts.finish_reason), Billing::possibly_billed,
                     fmt::format("finish_reason is \"{}\"", facts.finish_reason.substr(0, 64)));
    }
    // What comes after the end of all choices (usage, [DONE], even a broken connection) takes nothing away.
    if (stream_finished()) return is_blank(facts.content, facts.finish_reason) ? blank() : success();
    if (record_->ended == Ended::cancelled) return cancelled();
    if (!facts.error.empty()) return error_inside(facts.error, any_token);
    if (facts.malformed_event) return failure(Code::malformed_event, maybe_billed());
    if (record_->ended == Ended::too_large) return failure(Code::too_large, maybe_billed());
    if (record_->ended == Ended::clock) return failure(clock_code(any_token), maybe_billed());
    const bool broke = record_->ended == Ended::failure;
    if (broke && record_->failure == Failure::protocol) return failure(Code::garbage, maybe_billed());
    if (!facts.any_event) return nothing_came(facts.keep_alive);
    return failure(broke && record_->failure == Failure::reset ? Code::reset : Code::cut, maybe_billed());
  }

  Classification whole() const {
    switch (record_->ended) {
      case Ended::cancelled:
        return cancelled();
      case Ended::too_large:
        return failure(Code::too_large, maybe_billed());
      case Ended::clock:
        return failure(clock_code(false), maybe_billed());
      case Ended::failure:
        if (record_->failure == Failure::protocol) return failure(Code::garbage, maybe_billed());
        if (base::is_blank(record_->body)) return nothing_came(!record_->body.empty());
        return failure(record_->failure == Failure::reset ? Code::reset : Code::cut, maybe_billed());
      case Ended::complete:
        break;
    }
    if (record_->whole != nullptr) return whole_answer(*record_->whole);
    return whole_answer(api::check_whole_answer(record_->operation, record_->body));
  }

  Classification whole_answer(const api::WholeAnswer& answer) const {
    switch (answer.kind) {
      case Kind::empty:
        return nothing_came(!record_->body.empty());
      case Kind::error:
        return error_inside(record_->body, false);
      case Kind::malformed:
      case Kind::foreign:
        return failure(Code::garbage, maybe_billed(), answer.detail);
      case Kind::answer:
        break;
    }
    if (!api::generates(record_->operation)) return success();
    for (const std::string& reason : answer.finish_reasons) {
      if (reason == "insufficient_system_resource" || reason == "error" || reason == "abort") {
        return failure(failed_finish_code(reason), Billing::possibly_billed,
                       fmt::format("finish_reason is \"{}\"", reason));
      }
    }
    const bool blank_everywhere = std::ranges::all_of(answer.finish_reasons, [&](const std::string& reason) {
      return is_blank(answer.any_content, reason);
    });
    return blank_everywhere ? blank() : success();
  }

  const Dialect* dialect_;
  const AttemptRecord* record_;
};

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::success:
      return "success";
    case Verdict::blank:
      return "blank";
    case Verdict::retryable:
      return "retryable";
    case Verdict::resumable:
      return "resumable";
    case Verdict::fatal_request:
      return "fatal_request";
    case Verdict::fatal_account:
      return "fatal_account";
  }
  std::unreachable();
}

std::string_view to_string(Billing billing) {
  switch (billing) {
    case Billing::unsent:
      return "unsent";
    case Billing::refused:
      return "refused";
    case Billing::possibly_billed:
      return "possibly_billed";
    case Billing::delivered:
      return "delivered";
  }
  std::unreachable();
}

Classification classify(const Dialect& dialect, const AttemptRecord& record) {
  return Judge(dialect, record).run();
}

}  // namespace dujiang::provider
