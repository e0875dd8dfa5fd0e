#include "diagnosis/answer.hpp"

#include <fmt/format.h>

#include <chrono>

#include "base/ascii.hpp"
#include "base/number.hpp"
#include "diagnosis/words.hpp"
#include "http/date.hpp"

namespace dujiang::diagnosis {
namespace {

using std::chrono::seconds;
using Trouble = AnswerSeen::Trouble;

// Beyond it a clock is wrong, and not only a date's whole seconds.
constexpr seconds kSkew(5);

std::string field(const AnswerSeen& seen, std::string_view name) {
  return std::string(seen.headers.get(name).value_or(""));
}

bool is_page(const AnswerSeen& seen) {
  return base::istarts_with(field(seen, "content-type"), "text/html") ||
         base::trim(seen.body).starts_with('<');
}

bool redirects(const AnswerSeen& seen) { return seen.status >= 300 && seen.status <= 399; }

Finding of_page(const AnswerSeen& seen, std::string_view url) {
  const std::string what = redirects(seen)
                               ? fmt::format("{} sends us on to {}", url, quoted(field(seen, "location")))
                               : fmt::format("{} is a web page, not an API ({})", url, seen.status);
  return {.check = check::kAnswer,
          .level = Level::fail,
          .found = what,
          .advice =
              "if this network has a login page, log in with a browser (open any http:// page); else correct "
              "`base_url`, which is that of the API, not of the vendor's site"};
}

std::string_view hint(int status) {
  if (status == 407) return "give user and password in the proxy's URL, http://user:password@host:port";
  if (status >= 500 || status == 429) {
    return "the server is up, and busy or broken: the gateway waits and repeats. See the vendor's status "
           "page if "
           "it lasts";
  }
  return "check the path in `base_url`: most end in /v1, DeepSeek's has no path. Some servers have no list "
         "of models; "
         "then the call below tells more";
}

}  // namespace

bool speaks_api(const AnswerSeen& seen) {
  if (seen.trouble != Trouble::none || seen.status == 407 || redirects(seen)) return false;
  // A front says 502 by a page of its own; behind it there may well be an API.
  return seen.status >= 500 || !is_page(seen);
}

bool lists_for_all(const AnswerSeen& seen) {
  return seen.status == 200 && read_models(seen.body).has_value();
}

Finding judge_answer(const AnswerSeen& seen, std::string_view url) {
  Finding finding{.check = check::kAnswer, .level = Level::fail};
  if (seen.trouble == Trouble::timed_out) {
    finding.found =
        fmt::format("{} was asked, and no whole answer came within {}", url, span_text(seen.took));
    finding.advice =
        "the server takes connections and does not answer: it hangs, or loads a model. If it is yours, look "
        "at its log; else try again later";
    return finding;
  }
  if (seen.trouble == Trouble::broken) {
    finding.found = fmt::format("{} was asked, and {}", url, seen.failure);
    finding.advice = "check that `base_url` names an HTTP server and the right port";
    return finding;
  }
  if (seen.status != 407 && !speaks_api(seen)) return of_page(seen, url);
  const bool is_as_it_should = seen.status == 401 || seen.status == 403 || lists_for_all(seen);
  finding.level = is_as_it_should ? Level::ok : seen.status == 407 ? Level::fail : Level::warn;
  finding.found = fmt::format("{} answers {} in {}", url, seen.status, span_text(seen.took));
  if (seen.status == 401 || seen.status == 403) finding.found += ", as it should to who shows no key";
  if (lists_for_all(seen)) finding.found += ", whoever asks";
  if (seen.status == 200 && !is_as_it_should) {
    finding.found += ", but with no list of models: " + quoted(seen.body);
  }
  if (!is_as_it_should) finding.advice = hint(seen.status);
  return finding;
}

Finding judge_clock(const AnswerSeen& seen) {
  Finding finding{.check = check::kClock};
  const auto date = http::parse_date(base::trim(field(seen, "date")));
  if (!date) {
    finding.level = Level::skipped;
    finding.found = "skipped: the answer says no date";
    return finding;
  }
  // What a cache had kept was dated when it was made.
  const auto age = base::parse_number<std::uint32_t>(base::trim(field(seen, "age"))).value_or(0);
  const seconds ahead = std::chrono::floor<seconds>(seen.at) - (*date + seconds(age));
  const seconds off = std::chrono::abs(ahead);
  if (off <= kSkew + seen.took) {
    finding.found = off <= seconds(1)
                        ? "agrees with the server's to the second"
                        : fmt::format("agrees with the server's within {}", long_span_text(off));
    return finding;
  }
  finding.level = Level::warn;
  finding.found = fmt::format("this machine is {} {} the server: here {}, there {}", long_span_text(off),
                              ahead > seconds(0) ? "ahead of" : "behind", http::format_date(seen.at),
                              field(seen, "date"));
  finding.advice =
      "set the clock (`timedatectl set-ntp true`): certificates and dated keys are refused by a wrong one, "
      "and logs mislead";
  return finding;
}

}  // namespace dujiang::diagnosis
