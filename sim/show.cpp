// What each row of the catalogue looks like on the wire.
#include <algorithm>

#include "sim/errors.hpp"
#include "sim/performance.hpp"

namespace dujiang::sim {
namespace {

using runtime::Task;

constexpr double kForever = 1e9;
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kEventStream = "text/event-stream";

std::string_view content_type(Performance& p) {
  return p.streams() && !p.fault().is("label_json") ? kEventStream : kJson;
}

std::size_t after_steps(Performance& p) { return static_cast<std::size_t>(std::min(p.times().after, 1e7)); }

// ---- What comes before the first token, streamed or not. Each returns false when the attempt is over.

Task<bool> expire(Performance& p) {
  p.head(content_type(p));
  if (!co_await p.signs_of_life(p.times().after, p.times().every)) co_return false;
  if (p.fault().is("reset")) co_return co_await p.reset();
  co_return p.fault().is("eof") ? co_await p.cut_off(Outcome::cut) : co_await p.close(Outcome::cut);
}

Task<bool> blank(Performance& p) {
  constexpr int kNewlines = 4;
  if (p.fault().is("eof")) {
    p.head_until_close(content_type(p));
  } else {
    p.head(content_type(p));
  }
  for (int i = 0; i < kNewlines; ++i) {
    if (!co_await p.pass(p.times().after / (kNewlines + 1)) || !co_await p.body("\n")) co_return false;
  }
  if (!co_await p.pass(p.times().after / (kNewlines + 1))) co_return false;
  co_return co_await p.close(Outcome::cut);
}

Task<bool> empty(Performance& p) {
  if (p.fault().is("chunked")) p.head(content_type(p));
  if (!co_await p.pass(p.times().after)) co_return false;
  if (p.fault().is("length")) p.head(content_type(p), 0);
  co_return co_await p.end(Outcome::cut);
}

Task<bool> openrouter_busy(Performance& p) {
  const std::string error = error_member(p.fault());
  p.head(content_type(p));
  if (!p.streams()) {
    if (!co_await p.body("{" + error + "}")) co_return false;
    co_return co_await p.end(Outcome::cut);
  }
  constexpr double kEvery = 0.5;
  const double until = p.now() + p.times().after;
  while (p.now() <= until) {
    if (!co_await p.body(": OPENROUTER PROCESSING\n\n") || !co_await p.pass(kEvery)) co_return false;
  }
  const std::string event = R"({"id":"gen-)" + std::string(p.uuid()) +
                            R"(","object":"chat.completion.chunk",)" + error +
                            R"(,"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]})";
  if (!co_await p.event(event)) co_return false;
  co_return co_await p.end(Outcome::cut);
}

Task<bool> head_then_reset(Performance& p) {
  p.head(content_type(p));
  if (!co_await p.pass(p.times().after)) co_return false;
  co_return co_await p.reset();
}

Task<bool> garbage(Performance& p) {
  if (!co_await p.raw("\x15\x03\x01 200 this is not HTTP \xff\xfe\r\nnor is this\r\n\r\n")) co_return false;
  co_return co_await p.cut_off(Outcome::cut);
}

Task<bool> endless_head(Performance& p) {
  if (!co_await p.raw("HTTP/1.1 200 OK\r\n")) co_return false;
  co_return co_await p.spew("x-filler: and on and on and on and on\r\n");
}

Task<bool> queue(Performance& p, double seconds, double every) {
  if (seconds <= 0) co_return true;
  p.head(content_type(p));
  co_return co_await p.signs_of_life(seconds, every);
}

Task<bool> beginning(Performance& p) {
  const Times& times = p.times();
  switch (p.fault().fault) {
    case Fault::queued:
    case Fault::queued_stream:
      return queue(p, times.after, times.every);
    case Fault::keep_alives_forever:
      return queue(p, kForever, times.every);
    case Fault::queue_expiry:
    case Fault::legacy_expiry:
      return expire(p);
    case Fault::blank:
      return blank(p);
    case Fault::empty:
      return empty(p);
    case Fault::late_head:
      return p.pass(times.after);
    case Fault::reset_after_head:
      return head_then_reset(p);
    case Fault::other_host:
      return openrouter_busy(p);
    case Fault::garbage:
      return garbage(p);
    case Fault::endless_head:
      return endless_head(p);
    default:
      return queue(p, times.queue, 0);
  }
}

// ---- Streams.

// The end of a stream that got so far; some faults lie in it.
Task<bool> finish(Performance& p, std::string_view reason) {
  Composer& composer = p.composer();
  auto last = composer.finish_chunks(reason, p.steps_done());
  if (composer.includes_usage() || p.fault().fault == Fault::odd_chunks) {
    last.push_back(composer.usage_chunk(p.steps_done()));
  }
  if (!co_await p.events(last)) co_return false;
  if (p.fault().fault == Fault::no_done) {
    if (p.fault().is("hang")) co_return co_await p.hang();
    co_return co_await p.end(Outcome::done);
  }
  if (!co_await p.done_marker()) co_return false;
  if (p.fault().fault == Fault::double_done && !co_await p.done_marker()) co_return false;
  co_return co_await p.end(reason == composer.finish_reason() ? Outcome::done : Outcome::cut);
}

Task<bool> empty_stream(Performance& p) {
  if (p.fault().is("reasoning")) {
    if (!co_await p.tokens(p.composer().reasoning_steps(), true)) co_return false;
  } else if (!co_await p.event(p.composer().content_chunk(p.fault().is("null") ? "null" : "\"\""))) {
    co_return false;
  }
  if (!co_await p.events(p.composer().finish_chunks("stop", p.steps_done())) || !co_await p.done_marker()) {
    co_return false;
  }
  co_return co_await p.end(Outcome::cut);
}

Task<bool> whitespace_stream(Performance& p) {
  constexpr double kEvery = 0.1;
  while (co_await p.event(p.composer().content_chunk(R"(" \n")"))) {
    if (!co_await p.pass(kEvery)) break;
  }
  co_return false;
}

Task<bool> endless_line(Performance& p) {
  if (!co_await p.body(p.streams() ? R"(data: {"id":")" : R"({"id":")")) co_return false;
  co_return co_await p.spew("and on ");
}

// How many deltas come before the fault that lies between them.
std::size_t steps_before_fault(Performance& p) {
  const std::size_t steps = after_steps(p);
  const std::size_t reasoning = p.composer().reasoning_steps();
  switch (p.fault().fault) {
    case Fault::reset_midway:
    case Fault::end_without_done:
    case Fault::stall_then_close:
    case Fault::out_of_resources:
    case Fault::error_in_stream:
    case Fault::malformed_event:
      return steps;
    case Fault::silent_stall:
      return p.fault().is("content") ? reasoning + steps : std::min(reasoning, steps);
    case Fault::truncated:
      return p.composer().steps() / 2;
    default:
      return p.composer().steps();
  }
}

// What happens then; true when the stream goes on to its end.
Task<bool> midway(Performance& p) {
  switch (p.fault().fault) {
    case Fault::reset_midway:
      if (p.fault().is("eof")) co_return co_await p.cut_off(Outcome::reset);
      co_return co_await p.reset();
    case Fault::end_without_done:
      co_return co_await p.end(Outcome::cut);
    case Fault::truncated:
      co_return co_await p.cut_off(Outcome::cut);
    case Fault::silent_stall:
      if (p.fault().is("forever")) co_return co_await p.hang();
      if (!co_await p.pass(p.times().hold)) co_return false;
      p.go_on();
      co_return true;
    case Fault::stall_then_close:
      if (!co_await p.pass(p.times().hold)) co_return false;
      co_return co_await p.cut_off(Outcome::stalled);
    case Fault::out_of_resources:
      co_return co_await finish(p, "insufficient_system_resource");
    case Fault::error_in_stream:
      if (!co_await p.event("{" + error_member(p.fault()) + "}")) co_return false;
      if (p.fault().is("done") && !co_await p.done_marker()) co_return false;
      co_return co_await p.end(Outcome::cut);
    case Fault::malformed_event:
      co_return co_await p.event(
          R"({"id":"oops","object":"chat.completion.chunk","choices":[{"index":0,"del)");
    default:
      co_return true;
  }
}

Task<bool> show_stream(Performance& p) {
  constexpr std::uint64_t kFarMoreThanComes = 1'000'000'000;
  Composer& composer = p.composer();
  if (!co_await beginning(p) || !co_await p.pass(p.times().first_token)) co_return false;
  if (p.fault().fault == Fault::truncated) {
    p.head(kEventStream, kFarMoreThanComes);
  } else if (!p.head_is_sent()) {
    p.head(content_type(p));
  }
  const bool odd = p.fault().fault == Fault::odd_chunks;
  if (!co_await p.events(composer.first_chunks(odd ? R"(,"reasoning_content":"")" : ""))) co_return false;
  switch (p.fault().fault) {
    case Fault::empty_success:
      co_return co_await empty_stream(p);
    case Fault::whitespace:
      co_return co_await whitespace_stream(p);
    case Fault::endless_line:
      co_return co_await endless_line(p);
    default:
      break;
  }
  if (!co_await p.tokens(steps_before_fault(p), true) || !co_await midway(p)) co_return false;
  if (!co_await p.tokens(composer.steps(), true) || !co_await p.last_token()) co_return false;
  co_return co_await finish(p, composer.finish_reason());
}

// ---- Whole answers.

Task<bool> answer(Performance& p, std::string body, Outcome outcome) {
  if (!p.head_is_sent()) {
    if (p.fault().fault == Fault::gzip) {
      p.head(kJson);
    } else {
      p.head(kJson, body.size());
    }
  }
  if (!co_await p.body(std::move(body))) co_return false;
  co_return co_await p.end(outcome);
}

std::string empty_message(Performance& p) {
  std::string out = R"("role":"assistant","content":)";
  out += p.fault().is("null") ? "null" : "\"\"";
  if (p.fault().is("reasoning")) out += R"(,"reasoning_content":)" + p.composer().reasoning_text();
  return out;
}

// Half of the body, for those faults that break off in it; the others go on.
Task<bool> break_off(Performance& p, const std::string& body) {
  const std::string half = body.substr(0, body.size() / 2);
  switch (p.fault().fault) {
    case Fault::reset_midway:
    case Fault::end_without_done:
      if (!p.head_is_sent()) p.head(kJson);
      break;
    case Fault::truncated:
      p.head(kJson, body.size());
      break;
    case Fault::endless_line:
      p.head(kJson);
      co_return co_await endless_line(p);
    case Fault::malformed_event:
      co_return co_await answer(p, half + "}}", Outcome::cut);
    default:
      co_return true;
  }
  if (!co_await p.body(half)) co_return false;
  if (p.fault().fault == Fault::end_without_done) co_return co_await p.end(Outcome::cut);
  if (p.fault().fault == Fault::truncated) co_return co_await p.cut_off(Outcome::cut);
  if (p.fault().is("eof")) co_return co_await p.cut_off(Outcome::reset);
  co_return co_await p.reset();
}

// Silence under a head; true when the answer comes after all.
Task<bool> silence(Performance& p) {
  const Fault fault = p.fault().fault;
  if (fault == Fault::whitespace) {
    p.head(kJson);
    while (co_await p.body(" \n") && co_await p.pass(0.1)) continue;
    co_return false;
  }
  if (fault != Fault::silent_stall && fault != Fault::stall_then_close) co_return true;
  p.head(kJson);
  if (p.fault().is("forever")) co_return co_await p.hang();
  if (!co_await p.pass(p.times().hold)) co_return false;
  p.go_on();
  co_return fault == Fault::silent_stall || co_await p.cut_off(Outcome::stalled);
}

Task<bool> show_whole(Performance& p) {
  Composer& composer = p.composer();
  if (!co_await beginning(p) || !co_await p.pass(p.times().first_token) || !co_await silence(p)) {
    co_return false;
  }
  const Fault fault = p.fault().fault;
  if (fault == Fault::error_in_stream) {
    co_return co_await answer(p, "{" + error_member(p.fault()) + "}", Outcome::cut);
  }
  if (fault == Fault::empty_success) {
    co_return co_await answer(p, composer.whole_with(empty_message(p), "stop"), Outcome::cut);
  }
  const bool short_of_resources = fault == Fault::out_of_resources;
  if (!co_await p.tokens(short_of_resources ? after_steps(p) : composer.steps(), false)) co_return false;
  if (!co_await p.last_token()) co_return false;
  if (short_of_resources) {
    co_return co_await answer(p, p.whole_body("insufficient_system_resource"), Outcome::cut);
  }
  std::string body = p.whole_body(composer.finish_reason());
  if (!co_await break_off(p, body)) co_return false;
  co_return co_await answer(p, std::move(body), Outcome::done);
}

}  // namespace

Task<Shown> show(Wire& wire, runtime::Loop& loop, Job job) {
  const Directive& fault = job.fate.fault;
  if (fault.fault == Fault::huge) {
    job.composer.stretch(static_cast<std::size_t>(std::clamp(job.fate.times.after, 1.0, 1e7)));
  }
  const bool thought = (fault.fault == Fault::silent_stall && !fault.is("content")) ||
                       (fault.fault == Fault::empty_success && fault.is("reasoning"));
  if (thought && job.composer.streams()) job.composer.think();
  Performance p(wire, loop, std::move(job));
  if (p.streams()) {
    co_await show_stream(p);
  } else {
    co_await show_whole(p);
  }
  co_return p.shown();
}

}  // namespace dujiang::sim
