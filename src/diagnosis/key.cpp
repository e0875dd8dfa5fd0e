// What the answers to a key mean: whether it is accepted, what money is left.
#include <fmt/format.h>

#include <string>

#include "api/json.hpp"
#include "base/number.hpp"
#include "diagnosis/answer.hpp"
#include "diagnosis/words.hpp"

namespace dujiang::diagnosis {
namespace {

using provider::Code;
using Trouble = AnswerSeen::Trouble;

// Of any currency; a call costs a small part of it.
constexpr double kLittle = 1;

constexpr std::string_view kTopUp = "top the account up at the vendor's; until then every call is refused";

std::string name_of(const KeyTried& tried) {
  if (tried.masked.empty()) return fmt::format("account {} (no key)", tried.account);
  return fmt::format("{} of account {}", tried.masked, tried.account);
}

std::string said(const AnswerSeen& seen, const provider::ErrorFacts& error) {
  const std::string_view words = error.message.empty() ? std::string_view(seen.body) : error.message;
  return words.empty() ? std::to_string(seen.status) : fmt::format("{}, {}", seen.status, quoted(words));
}

// Of an answer that was none, or none that says anything of the key.
Finding untold(std::string_view check, const KeyTried& tried, const std::string& why) {
  return {.check = check,
          .level = Level::warn,
          .found = fmt::format("{} could not be tried: {}", name_of(tried), why),
          .advice = "ask again in a minute; the gateway itself waits and repeats"};
}

std::string why_none(const AnswerSeen& seen) {
  return seen.trouble == Trouble::timed_out ? "no whole answer came within " + span_text(seen.took)
                                            : seen.failure;
}

Finding refused(const KeyTried& tried, const AnswerSeen& seen, const provider::ErrorFacts& error) {
  Finding finding{.check = check::kKey, .level = Level::fail};
  finding.found = fmt::format("{} is not accepted: {}", name_of(tried), said(seen, error));
  finding.advice =
      tried.masked.empty()
          ? "this upstream wants a key: give it `api_key: ${NAME}`"
          : "was it copied whole, is it this vendor's, and is it still in the vendor's list? If not, make "
            "a new one there";
  return finding;
}

}  // namespace

Finding judge_key(const KeyTried& tried, const AnswerSeen& seen, const provider::Dialect& dialect) {
  if (seen.trouble != Trouble::none) return untold(check::kKey, tried, why_none(seen));
  if (seen.status >= 200 && seen.status <= 299) {
    return {.check = check::kKey,
            .found = name_of(tried) + (tried.masked.empty() ? ": none is asked for" : " is accepted")};
  }
  const provider::ErrorFacts error = provider::read_error(dialect, seen.status, seen.body);
  switch (error.code) {
    case Code::auth:
      return refused(tried, seen, error);
    case Code::forbidden:
      return {
          .check = check::kKey,
          .level = Level::fail,
          .found = fmt::format("{} is known, and may not do this: {}", name_of(tried), said(seen, error)),
          .advice =
              "see at the vendor's what the key may do, and whether the account is verified and paid for"};
    case Code::balance:
      return {
          .check = check::kKey,
          .level = Level::fail,
          .found = fmt::format("{} is known, but has no money left: {}", name_of(tried), said(seen, error)),
          .advice = std::string(kTopUp)};
    case Code::not_found:
      return {.check = check::kKey,
              .level = Level::warn,
              .found = fmt::format("{} could not be tried: {}", name_of(tried), said(seen, error)),
              .advice = "there is nothing at this path: check the one in `base_url`"};
    default:
      return untold(check::kKey, tried, said(seen, error));
  }
}

Finding judge_key_by_call(const KeyTried& tried, const Finding* call) {
  Finding finding{.check = check::kKey, .level = Level::skipped};
  if (tried.masked.empty()) {
    finding.level = Level::ok;
    finding.found = name_of(tried) + ": none is asked for";
  } else if (call != nullptr && call->level == Level::ok) {
    finding.level = Level::ok;
    finding.found = name_of(tried) + " is accepted, by the call below";
  } else {
    finding.found =
        fmt::format("{}: skipped, the list of models is open to all; only a call can tell", name_of(tried));
  }
  return finding;
}

Finding judge_balance(const KeyTried& tried, const AnswerSeen& seen, const provider::Dialect& dialect) {
  if (seen.trouble != Trouble::none) return untold(check::kBalance, tried, why_none(seen));
  if (seen.status < 200 || seen.status > 299) {
    Finding finding = judge_key(tried, seen, dialect);  // the same answers, for the same reasons
    finding.check = check::kBalance;
    return finding;
  }
  api::JsonParser parser;
  const auto root = parser.parse(seen.body);
  const auto available = root ? root->find("is_available") : std::nullopt;
  const auto infos = root ? root->find("balance_infos") : std::nullopt;
  if (!available || !available->boolean() || !infos) {
    return untold(check::kBalance, tried, "the answer is no balance: " + quoted(seen.body));
  }
  std::string amounts;
  double most = 0;
  infos->for_each_element([&](api::JsonValue info) {
    const auto amount = info.find("total_balance");
    const auto currency = info.find("currency");
    if (!amount || !amount->string() || !currency || !currency->string()) return;
    const auto value = base::parse_number<double>(*amount->string());
    most = std::max(most, value.value_or(0));
    amounts += fmt::format("{}{} {}", amounts.empty() ? "" : ", ", *amount->string(), *currency->string());
  });
  Finding finding{
      .check = check::kBalance,
      .found = fmt::format("{} left to account {}", amounts.empty() ? "nothing" : amounts, tried.account)};
  if (!*available->boolean()) {
    finding.level = Level::fail;
    finding.found += "; the vendor says that it is too little to call";
    finding.advice = kTopUp;
  } else if (most < kLittle) {
    finding.level = Level::warn;
    finding.advice =
        "soon every call will be refused; and some vendors allow fewer calls at once to who has little "
        "left. Top it up";
  }
  return finding;
}

}  // namespace dujiang::diagnosis
