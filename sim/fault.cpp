#include "sim/fault.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ranges>

#include "base/ascii.hpp"

namespace dujiang::sim {
namespace {

constexpr std::string_view kOpening = "[[sim-fault ";
constexpr double kForever = 1e9;  // seconds: 31 years

constexpr FaultInfo kCatalogue[] = {
    {Fault::queued,
     "1",
     "Queued: 200 at once, a sign of life every K (blank lines, or comments in a stream), then the answer",
     "after every",
     "",
     "seconds",
     {30, 30}},
    {Fault::queued_stream,
     "2",
     "The same as 1: the request's form decides between blank lines and comments",
     "after every",
     "",
     "seconds",
     {30, 30}},
    {Fault::queue_expiry,
     "3",
     "Queued until it expires: signs of life, then the end without an answer",
     "after every variant",
     "close eof reset",
     "seconds",
     {600, 600}},
    {Fault::legacy_expiry,
     "4",
     "The same as 3 after 1800 s",
     "after every variant",
     "close eof reset",
     "seconds",
     {1800, 1800}},
    {Fault::blank,
     "5",
     "Blank 200: four newlines, then the end",
     "after variant",
     "close eof",
     "seconds",
     {60, 60}},
    {Fault::empty, "6", "Empty 200: no byte of body", "after variant", "length chunked", "seconds", {0, 0}},
    {Fault::busy, "7", "503, the service is too busy", "retry_after", ""},
    {Fault::balance_limit, "8", "429, the concurrency limit that follows from the balance",
     "retry_after limit", ""},
    {Fault::published_limit, "9", "429, the published concurrency limit", "retry_after limit", ""},
    {Fault::tpm_limit, "10", "429, tokens per minute", "retry_after", ""},
    {Fault::no_balance, "11", "402, insufficient balance", "", ""},
    {Fault::bad_key, "12", "401, the key is not accepted", "variant", "plain request_id"},
    {Fault::bad_request, "13", "400 Model Not Exist, or 422", "variant", "400 422"},
    {Fault::internal_error, "14", "500 with a JSON error", "retry_after", ""},
    {Fault::bad_gateway, "15", "502 or 504 with a page of HTML", "variant retry_after", "502 504"},
    {Fault::refused, "16", "Reset before any head: after the request was read, or as soon as it connects",
     "variant", "reset refused"},
    {Fault::late_head,
     "17",
     "Not a byte for 30 to 365 s, then a good answer",
     "after",
     "",
     "seconds",
     {30, 365}},
    {Fault::reset_after_head, "18", "The head of a 200, then a reset", "after", "", "seconds", {0, 0}},
    {Fault::reset_midway,
     "19",
     "Some deltas (half of an unstreamed body), then a reset, or an end inside the framing",
     "after variant",
     "rst eof",
     "deltas",
     {10, 10}},
    {Fault::end_without_done,
     "20",
     "Some deltas (half of an unstreamed body), then a clean end without [DONE]",
     "after",
     "",
     "deltas",
     {10, 10}},
    {Fault::silent_stall,
     "21",
     "Some reasoning deltas, then silence; then it goes on, or never",
     "after for variant",
     "reasoning content forever",
     "deltas",
     {10, 10},
     {},
     {146, 146}},
    {Fault::stall_then_close,
     "22",
     "Some deltas, silence, then the connection closes",
     "after for",
     "",
     "deltas",
     {10, 10},
     {},
     {600, 606}},
    {Fault::keep_alives_forever, "23", "Signs of life for ever, never a token", "every", ""},
    {Fault::out_of_resources,
     "24",
     "A partial answer that ends with finish_reason insufficient_system_resource",
     "after",
     "",
     "deltas",
     {10, 10}},
    {Fault::empty_success, "25", "finish_reason stop with nothing in it", "variant", "empty null reasoning"},
    {Fault::error_in_stream,
     "26",
     "An error object among the deltas, or as the body of a 200",
     "after variant",
     "close done",
     "deltas",
     {5, 5}},
    {Fault::odd_chunks, "27",
     "A good answer with an empty first reasoning_content and a usage chunk without choices", "", ""},
    {Fault::framing, "28", "A good answer in framing that is unusual, or wrong", "variant",
     "crlf split_utf8 comment nospace label_json byte"},
    {Fault::slow_drip, "29", "One token every 2 to 10 s", "every", "", "", {}, {2, 10}},
    {Fault::other_host,
     "30",
     "How other hosts say that they are busy",
     "variant after retry_after",
     "siliconflow ollama llamacpp openrouter",
     "seconds",
     {2, 2}},
    {Fault::garbage, "garbage", "Bytes that are not HTTP", "", ""},
    {Fault::endless_head, "endless-head", "A response head that never ends", "", ""},
    {Fault::endless_line, "endless-line", "A stream's line, or a JSON string, that never ends", "", ""},
    {Fault::truncated, "truncated", "A Content-Length that promises more than comes", "", ""},
    {Fault::gzip, "gzip", "A good answer, compressed though nobody asked for it", "", ""},
    {Fault::huge,
     "huge",
     "A good answer of `after` tokens, a million by default",
     "after",
     "",
     "deltas",
     {1e6, 1e6}},
    {Fault::malformed_event,
     "malformed-event",
     "One event that is not JSON among good ones",
     "after",
     "",
     "deltas",
     {5, 5}},
    {Fault::no_done, "no-done", "A whole answer with its finish_reason, then no [DONE]: an end, or silence",
     "variant", "close hang"},
    {Fault::double_done, "double-done", "A good answer with [DONE] twice", "", ""},
    {Fault::whitespace, "whitespace", "Deltas of whitespace for ever (what JSON mode may do)", "", ""},
};

constexpr FaultInfo kNone{.fault = Fault::none, .id = "none", .sentence = "Normal service"};

bool has_word(std::string_view words, std::string_view word) {
  return std::ranges::any_of(words | std::views::split(' '),
                             [&](auto part) { return !word.empty() && std::string_view(part) == word; });
}

std::string_view first_word(std::string_view words) { return words.substr(0, words.find(' ')); }

std::string commas(std::string_view words) {
  std::string out;
  for (const char c : words) out += c == ' ' ? std::string(", ") : std::string(1, c);
  return out;
}

const FaultInfo* find(std::string_view id) {
  const auto* it = std::ranges::find(kCatalogue, id, &FaultInfo::id);
  return it == std::end(kCatalogue) ? nullptr : it;
}

std::optional<double> parse_number(std::string_view text) {
  if (text == "forever") return kForever;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(value) || value < 0 || value > kForever) return std::nullopt;
  return value;
}

std::optional<unsigned> parse_count(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Range> parse_range(std::string_view text) {
  const std::size_t dots = text.find("..");
  const auto low = parse_number(text.substr(0, dots));
  const auto high = dots == std::string_view::npos ? low : parse_number(text.substr(dots + 2));
  if (!low || !high || *low > *high) return std::nullopt;
  return Range{*low, *high};
}

template <class T>
bool store(T& into, const std::optional<T>& value) {
  if (value) into = *value;
  return value.has_value();
}

template <class T>
bool store(std::optional<T>& into, const std::optional<T>& value) {
  into = value;
  return value.has_value();
}

// False when the value is not one for that parameter.
bool set_parameter(Directive& directive, const FaultInfo& row, std::string_view name,
                   std::string_view value) {
  if (name == "times") return store(directive.times, parse_count(value));
  if (name == "after") return store(directive.after, parse_range(value));
  if (name == "every") return store(directive.every, parse_range(value)) && directive.every.low > 0;
  if (name == "for") return store(directive.hold, parse_range(value));
  if (name == "retry_after") return store(directive.retry_after, parse_number(value));
  if (name == "limit") return store(directive.limit, parse_count(value));
  for (const auto part : row.variants | std::views::split(' ')) {
    if (std::string_view(part) == value) directive.variant = std::string_view(part);
  }
  return directive.variant == value;
}

std::string wrong_value(const FaultInfo& row, std::string_view name, std::string_view value) {
  const std::string what =
      "fault " + std::string(row.id) + ": " + std::string(name) + "=" + std::string(value) + " is not ";
  if (name == "variant") return what + "one of its variants: " + commas(row.variants);
  if (name == "times" || name == "limit") return what + "a whole number";
  if (name == "retry_after") return what + "a number of seconds";
  return what + "a number, a range such as 2..10, or forever";
}

}  // namespace

std::span<const FaultInfo> fault_catalogue() { return kCatalogue; }

const FaultInfo& info(Fault fault) {
  const auto* it = std::ranges::find(kCatalogue, fault, &FaultInfo::fault);
  return it == std::end(kCatalogue) ? kNone : *it;
}

base::Result<Directive> parse_directive(std::string_view text) {
  const std::size_t semicolon = text.find(';');
  const std::string_view id = base::trim(text.substr(0, semicolon));
  const FaultInfo* row = find(id);
  if (row == nullptr) {
    return base::fail("there is no fault '" + std::string(id) +
                      "': give 1 to 30, or a word of `dujiang-sim faults`");
  }
  Directive out{.fault = row->fault,
                .times = {},
                .after = row->after,
                .every = row->every,
                .hold = row->hold,
                .variant = first_word(row->variants),
                .retry_after = {},
                .limit = {}};
  text = semicolon == std::string_view::npos ? "" : text.substr(semicolon + 1);
  for (const auto part : text | std::views::split(';')) {
    const std::string_view pair = base::trim(std::string_view(part));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string_view name = base::trim(pair.substr(0, equals));
    const std::string_view value =
        equals == std::string_view::npos ? "" : base::trim(pair.substr(equals + 1));
    if (name != "times" && !has_word(row->params, name)) {
      const std::string takes = row->params.empty() ? "times" : "times, " + commas(row->params);
      return base::fail("fault " + std::string(id) + " has no parameter '" + std::string(name) +
                        "': it takes " + takes);
    }
    if (!set_parameter(out, *row, name, value)) return base::fail(wrong_value(*row, name, value));
  }
  return out;
}

base::Result<std::vector<Directive>> directives_in(std::string_view prompt) {
  std::vector<Directive> out;
  for (;;) {
    const std::size_t at = prompt.find(kOpening);
    if (at == std::string_view::npos) return out;
    prompt.remove_prefix(at + kOpening.size());
    const std::size_t end = prompt.find("]]");
    if (end == std::string_view::npos) return base::fail("a [[sim-fault … in the prompt is not closed by ]]");
    auto directive = parse_directive(prompt.substr(0, end));
    if (!directive) return std::unexpected(directive.error());
    out.push_back(*directive);
    prompt.remove_prefix(end + 2);
  }
}

}  // namespace dujiang::sim
