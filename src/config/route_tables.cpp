// The maps of a route.
#include <algorithm>

#include "config/net_codec.hpp"
#include "config/shape.hpp"

namespace dujiang::config {
namespace {

using namespace std::chrono_literals;

template <class Member>
auto spec(Member member) {
  return [member](auto& shape) -> auto& { return shape.spec.*member; };
}

}  // namespace

const Table<route::Capabilities>& can_table() {
  using S = route::Capabilities;
  static const Table<S> table{
      "routes[].targets[].can",
      "What a target can do; a call goes only where all of its fields can be honoured. What is not said is "
      "assumed.",
      {
          field<S>("context_tokens", &S::context_tokens,
                   optional_of(integer<std::uint64_t>(1, 1'000'000'000)),
                   "Tokens of prompt and answer together."),
          field<S>("tools", &S::tools, optional_of(boolean()), "Tool calls."),
          field<S>("json_mode", &S::json_mode, optional_of(boolean()), "`response_format`."),
          field<S>("thinking", &S::thinking, optional_of(boolean()), "Thinking before the answer."),
      }};
  return table;
}

const Table<route::Target>& target_table() {
  using S = route::Target;
  static const Table<S> table{
      "routes[].targets[]",
      "A model at an upstream.",
      {
          required(field<S>("upstream", &S::upstream, name(), "Name of an upstream.")),
          field<S>("model", &S::model, text(),
                   "The model's name there; without it the one that the caller named."),
          field<S>("weight", &S::weight, integer<std::uint32_t>(1, 1000),
                   "Share of the calls, with `order: weighted`."),
          field<S>("can", &S::can, object(can_table()), "What it can do."),
          field<S>("forward_headers", &S::forward_headers, list_of(forwardable_header(), 50),
                   "Header fields of the caller that this vendor gets, besides the standard ones."),
      }};
  return table;
}

const Table<route::Clocks>& clocks_table() {
  using S = route::Clocks;
  static const Table<S> table{
      "routes[].clocks",
      "When an attempt is given up. Comments, blank lines and whitespace never count as progress.",
      {
          field<S>("first_byte", &S::first_byte, duration(10ms, 1h),
                   "From sending to the head of the response."),
          field<S>(
              "unstreamed_first_byte", &S::unstreamed_first_byte, duration(10ms, 1h),
              "The same where the attempt does not stream: many hosts send the head with the whole answer."),
          field<S>("first_token", &S::first_token, duration(10ms, 1h),
                   "From sending to the first token of a stream, where another target can take over."),
          field<S>(
              "alone_first_token", &S::alone_first_token, duration(0ms, 1h),
              "The same, where none can; 0s waits to the deadline while the upstream shows that it lives."),
          field<S>("silence", &S::silence, duration(10ms, 1h), "Without any byte, not even a keep-alive."),
          field<S>("gap", &S::gap, duration(10ms, 1h), "Between two tokens of a stream."),
          field<S>("total", &S::total, duration(100ms, 24h),
                   "For a whole answer, from the request to its end."),
          field<S>("stream_total", &S::stream_total, duration(100ms, 24h),
                   "For a stream, from the request to its end."),
          field<S>("after_finish", &S::after_finish, duration(0ms, 1min),
                   "For usage and `[DONE]`, once the answer has finished."),
      }};
  return table;
}

const Table<route::Retries>& retries_table() {
  using S = route::Retries;
  static const Table<S> table{
      "routes[].retries",
      "How often, and at what cost, a request is tried again.",
      {
          field<S>("max_attempts", &S::max_attempts, integer<std::uint32_t>(0, 1000),
                   "Attempts of one request; 0 for as many as deadline and budgets allow."),
          field<S>("backoff_initial", &S::backoff_initial, duration(1ms, 10min),
                   "Longest wait before the first retry; it doubles with each, and the wait is drawn between "
                   "0 and it."),
          field<S>("backoff_cap", &S::backoff_cap, duration(1ms, 1h), "Longest wait before any retry."),
          field<S>("possibly_billed_per_request", &S::possibly_billed_per_request,
                   integer<std::uint32_t>(0, 100),
                   "Retries of one request after attempts that may have been paid for."),
      }};
  return table;
}

const Table<RouteShape>& route_table() {
  using S = RouteShape;
  using Spec = route::RouteSpec;
  static const Table<S> table{
      "routes[]",
      "Which calls, by their model, go to which targets. An exact name goes before the longest beginning, "
      "which goes before `*`.",
      {
          required(field<S>("name", spec(&Spec::name), name(), "Name, in logs and metrics.")),
          required(field<S>("match", &S::match, model_patterns(), "Models that callers name.")),
          field<S>("order", spec(&Spec::order),
                   choice<route::Order>(
                       {{"ordered", route::Order::ordered}, {"weighted", route::Order::weighted}}),
                   "Whether the first target comes first, or one by its weight."),
          required(field<S>("targets", spec(&Spec::targets), list_of(object(target_table())),
                            "Who may answer; the next one when one fails.")),
          field<S>("clocks", spec(&Spec::clocks), object(clocks_table()), "When an attempt is given up."),
          field<S>("retries", spec(&Spec::retries), object(retries_table()), "How often it is tried again."),
          field<S>(
              "thinking", spec(&Spec::thinking),
              choice<route::Thinking>({{"live", route::Thinking::live}, {"hold", route::Thinking::hold}}),
              "Whether thinking is relayed as it comes, or held until the answer begins."),
          field<S>("fail_over_on_content_filter", spec(&Spec::fail_over_on_content_filter), boolean(),
                   "Whether a refusal by a content filter goes to the next target instead of to the caller."),
          field<S>("keep_alive", spec(&Spec::keep_alive), optional_of(duration(1s, 10min), "off"),
                   "After this time, and every such time, a waiting caller gets a sign of life."),
          field<S>("caller_class", spec(&Spec::caller_class), word({"core", "standard", "background"}),
                   "Class of the calls in the queue: `core` goes first, `background` last."),
      }};
  return table;
}

}  // namespace dujiang::config
