#include "catalogue.hpp"

#include "pieces.hpp"

namespace dujiang::golden {
namespace {

class Table {
 public:
  void add(int row, std::string what, Script script, Expected expected,
           std::string_view dialect = "deepseek") {
    faults_.push_back({row, std::move(what), dialect, std::move(script), expected});
  }
  // The same refusal of a streamed and an unstreamed attempt.
  void add_refusal(int row, const std::string& what, int status, std::string_view body,
                   const Expected& expected, std::string_view dialect = "deepseek") {
    add(row, what + ", unstreamed", refused(status, body, false), expected, dialect);
    add(row, what + ", stream", refused(status, body, true), expected, dialect);
  }
  std::vector<Fault> take() { return std::move(faults_); }

 private:
  std::vector<Fault> faults_;
};

// Rows 1-6: waiting in the upstream's queue, and what becomes of it.
void add_queues(Table& table) {
  table.add(1, "queued, then the answer", unstreamed("\n\n\n" + kWholeAnswer), kSuccess);
  table.add(1, "queued, given up at the deadline", given_up(unstreamed("\n\n\n"), Clock::total),
            retryable(Code::timed_out, Billing::possibly_billed, 504));
  table.add(2, "queued, then chunks",
            streamed(kKeepAlive + kKeepAlive + kFirstChunk + kTextChunk + kStopChunk + kDoneEvent), kSuccess);
  table.add(2, "queued, first token late", given_up(streamed(kKeepAlive), Clock::first_token),
            retryable(Code::late_first_token, Billing::possibly_billed, 504));
  table.add(3, "queue expiry, unstreamed", after(unstreamed("\n\n\n"), seconds(600)),
            retryable(Code::queue_expired, Billing::refused, 503));
  table.add(3, "queue expiry, stream", after(streamed(kKeepAlive + kKeepAlive), seconds(600)),
            retryable(Code::queue_expired, Billing::refused, 503));
  table.add(3, "queue expiry by reset, unstreamed",
            after(broken(unstreamed("\n\n"), Failure::reset), seconds(600)),
            retryable(Code::queue_expired, Billing::refused));
  table.add(3, "queue expiry by reset, stream",
            after(broken(streamed(kKeepAlive), Failure::reset), seconds(600)),
            retryable(Code::queue_expired, Billing::refused));
  table.add(3, "queue expiry without the last chunk",
            after(broken(unstreamed("\n\n"), Failure::closed), seconds(601)),
            retryable(Code::queue_expired, Billing::refused));
  table.add(4, "legacy expiry, unstreamed", after(unstreamed("\n\n\n"), seconds(1800)),
            retryable(Code::queue_expired, Billing::refused));
  table.add(4, "legacy expiry, stream", after(streamed(kKeepAlive), seconds(1800)),
            retryable(Code::queue_expired, Billing::refused));
  table.add(5, "blank 200", after(unstreamed("\n\n\n\n"), seconds(60)),
            retryable(Code::empty_body, Billing::refused, 502));
  table.add(5, "blank 200 to a streamed attempt",
            after({.stream = true, .headers = {{"content-type", "application/json"}}, .body = "\n\n\n\n"},
                  seconds(60)),
            retryable(Code::empty_body, Billing::refused));
  table.add(6, "empty 200 with Content-Length: 0", unstreamed(""),
            retryable(Code::empty_body, Billing::refused, 502));
  table.add(6, "empty 200, chunked, after 60 s", after(unstreamed(""), seconds(60)),
            retryable(Code::empty_body, Billing::refused));
  table.add(6, "empty 200, stream", streamed(""), retryable(Code::empty_body, Billing::refused));
}

// Rows 7-15: refusals.
void add_refusals(Table& table) {
  table.add_refusal(7, "503 busy", 503, kBusy, retryable(Code::busy, Billing::refused, 503));
  table.add_refusal(8, "429 by balance", 429, kBalanceLimit, limited(Code::concurrency_limit, 25));
  table.add_refusal(9, "429 at the published limit", 429, kPublishedLimit,
                    limited(Code::concurrency_limit, 500));
  table.add_refusal(10, "429 TPM", 429, kTpm, limited(Code::tpm_limit, 0));
  table.add_refusal(11, "402", 402, kNoBalance, account(Code::balance, AccountOut::long_time, 402));
  table.add_refusal(12, "401", 401, kBadKey, account(Code::auth, AccountOut::long_time, 401));
  table.add_refusal(13, "400 Model Not Exist", 400, kNoModel, request(Code::model_not_found, 400));
  table.add_refusal(13, "422", 422, kInvalid, request(Code::bad_request, 422));
  table.add_refusal(14, "500 JSON", 500, kInternal, retryable(Code::server_error, Billing::refused, 502));
  table.add_refusal(15, "502 HTML", 502, kHtml, retryable(Code::bad_gateway, Billing::refused, 502));
  table.add_refusal(15, "504 HTML", 504, kHtml, retryable(Code::bad_gateway, Billing::refused, 502));
}

// Rows 16-20: broken ways.
void add_breaks(Table& table) {
  for (const bool stream : {false, true}) {
    const std::string form = stream ? ", stream" : ", unstreamed";
    table.add(16, "connection refused" + form, without_head(stream, Failure::connect, Sent::nothing),
              retryable(Code::connect, Billing::unsent, 502));
    table.add(16, "reset before headers" + form, without_head(stream, Failure::reset, Sent::everything),
              retryable(Code::reset, Billing::possibly_billed, 502));
    table.add(16, "reset before all was sent" + form, without_head(stream, Failure::reset, Sent::some),
              retryable(Code::reset, Billing::unsent));
    table.add(16, "closed before headers" + form, without_head(stream, Failure::closed, Sent::everything),
              retryable(Code::reset, Billing::possibly_billed));
    Script silent{.stream = stream, .status = 0, .ended = Ended::clock, .clock = Clock::first_byte};
    table.add(17, "headers too late" + form, silent, retryable(Code::silent, Billing::possibly_billed, 504));
  }
  table.add(17, "headers late, then success", after(unstreamed(kWholeAnswer), seconds(365)), kSuccess);
  table.add(17, "headers late, then a stream",
            after(streamed(kFirstChunk + kTextChunk + kStopChunk + kDoneEvent), seconds(365)), kSuccess);
  table.add(18, "event stream headers, then reset", broken(streamed(""), Failure::reset),
            retryable(Code::reset, Billing::possibly_billed));
  table.add(19, "reset before content", broken(streamed(kFirstChunk + kThoughtChunk), Failure::reset),
            retryable(Code::reset, Billing::possibly_billed));
  table.add(19, "reset mid-stream",
            broken(streamed(kFirstChunk + kTextChunk + kTextChunk, true), Failure::reset),
            resumable(Code::reset));
  table.add(19, "EOF mid-stream without the last chunk",
            broken(streamed(kFirstChunk + kTextChunk, true), Failure::closed), resumable(Code::cut));
  table.add(19, "reset in the middle of an event",
            broken(streamed(kFirstChunk + kTextChunk + "data: {\"id\":\"930c", true), Failure::reset),
            resumable(Code::reset));
  table.add(19, "reset of an answer that was to be put together",
            broken(streamed(kFirstChunk + kTextChunk), Failure::reset),
            retryable(Code::reset, Billing::possibly_billed));
  table.add(19, "unstreamed answer reset in the middle",
            broken(unstreamed(kWholeAnswer.substr(0, 90)), Failure::reset),
            retryable(Code::reset, Billing::possibly_billed));
  table.add(19, "unstreamed answer shorter than its length",
            broken(unstreamed(kWholeAnswer.substr(0, 90)), Failure::closed),
            retryable(Code::cut, Billing::possibly_billed));
  table.add(20, "clean EOF without [DONE]", streamed(kFirstChunk + kTextChunk, true), resumable(Code::cut));
  table.add(20, "clean EOF without [DONE], nothing committed", streamed(kFirstChunk + kThoughtChunk),
            retryable(Code::cut, Billing::possibly_billed));
  table.add(20, "[DONE] without a finish_reason", streamed(kFirstChunk + kTextChunk + kDoneEvent, true),
            resumable(Code::cut));
  table.add(20, "clean EOF after the finish_reason", streamed(kFirstChunk + kTextChunk + kStopChunk),
            kSuccess);
  table.add(20, "reset after the finish_reason",
            broken(streamed(kFirstChunk + kTextChunk + kStopChunk, true), Failure::reset), kSuccess);
  table.add(20, "[DONE] without its blank line",
            streamed(kFirstChunk + kTextChunk + kStopChunk + "data: [DONE]"), kSuccess);
}

// Rows 21-23: silences.
void add_stalls(Table& table) {
  table.add(21, "stall while thinking", given_up(streamed(kFirstChunk + kThoughtChunk), Clock::gap),
            retryable(Code::stalled, Billing::possibly_billed, 504));
  table.add(21, "stall after content", given_up(streamed(kFirstChunk + kTextChunk, true), Clock::gap),
            resumable(Code::stalled));
  table.add(21, "silence after content", given_up(streamed(kFirstChunk + kTextChunk, true), Clock::silence),
            resumable(Code::stalled));
  table.add(22, "stall, then close",
            after(broken(streamed(kFirstChunk + kTextChunk, true), Failure::closed), seconds(603)),
            resumable(Code::cut));
  table.add(22, "stall, then clean end", after(streamed(kFirstChunk + kTextChunk, true), seconds(606)),
            resumable(Code::cut));
  table.add(23, "keep-alives for ever",
            given_up(streamed(kKeepAlive + kKeepAlive + kKeepAlive), Clock::first_token),
            retryable(Code::late_first_token, Billing::possibly_billed));
  table.add(23, "keep-alives to the deadline", given_up(streamed(kKeepAlive), Clock::total),
            retryable(Code::timed_out, Billing::possibly_billed));
  table.add(23, "blank lines to the deadline", given_up(unstreamed("\n\n"), Clock::total),
            retryable(Code::timed_out, Billing::possibly_billed));
}

// Row 25: an answer that says nothing, and those that say nothing for a reason.
void add_blanks(Table& table) {
  table.add(25, "empty stop, stream", streamed(kFirstChunk + kStopChunk + kDoneEvent), kBlank);
  table.add(25, "empty stop after thinking, stream",
            streamed(kFirstChunk + kThoughtChunk + kStopChunk + kDoneEvent), kBlank);
  table.add(25, "empty stop, unstreamed",
            unstreamed(whole(R"({"role":"assistant","content":""})", R"("stop")")), kBlank);
  table.add(25, "null content, unstreamed",
            unstreamed(whole(R"({"role":"assistant","content":null})", R"("stop")")), kBlank);
  table.add(25, "reasoning only, unstreamed",
            unstreamed(whole(R"({"role":"assistant","content":"","reasoning_content":"hm"})", R"("stop")")),
            kBlank);
  Script one_token = unstreamed(whole(R"({"role":"assistant","content":""})", R"("stop")"));
  one_token.one_token = true;
  table.add(25, "empty stop of a one-token request", one_token, kSuccess);
  for (const std::string_view reason : {R"("length")", R"("tool_calls")", R"("content_filter")"}) {
    table.add(25, std::string(reason).append(" without content, unstreamed"),
              unstreamed(whole(R"({"role":"assistant","content":""})", reason)), kSuccess);
    table.add(
        25, std::string(reason).append(" without content, stream"),
        streamed(std::string(kFirstChunk).append(chunk(R"({"content":""})", reason)).append(kDoneEvent)),
        kSuccess);
  }
  table.add(
      25, "stop with a tool call",
      streamed(
          kFirstChunk +
          chunk(
              R"({"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]})") +
          kStopChunk + kDoneEvent),
      kSuccess);
  table.add(25, "stop with a refusal",
            unstreamed(whole(R"({"role":"assistant","content":null,"refusal":"No."})", R"("stop")")),
            kSuccess);
}

// Rows 24, 26, 27, 29: answers that are none, and answers that are.
void add_answers(Table& table) {
  const std::string no_resource = chunk(R"({"content":""})", R"("insufficient_system_resource")");
  table.add(24, "insufficient_system_resource after content",
            streamed(kFirstChunk + kTextChunk + no_resource + kDoneEvent, true),
            resumable(Code::insufficient_system_resource));
  table.add(24, "insufficient_system_resource before content",
            streamed(kFirstChunk + no_resource + kDoneEvent),
            retryable(Code::insufficient_system_resource, Billing::possibly_billed, 503));
  table.add(24, "insufficient_system_resource, unstreamed",
            unstreamed(whole(R"({"role":"assistant","content":"Hel"})", R"("insufficient_system_resource")")),
            retryable(Code::insufficient_system_resource, Billing::possibly_billed, 503));
  table.add(26, "error inside a stream before content", streamed(kFirstChunk + event(kBusy)),
            retryable(Code::busy, Billing::refused, 503));
  table.add(26, "error inside a stream while thinking",
            streamed(kFirstChunk + kThoughtChunk + event(kInternal)),
            retryable(Code::server_error, Billing::possibly_billed));
  table.add(26, "error inside a stream after content",
            streamed(kFirstChunk + kTextChunk + event(kInternal), true), resumable(Code::server_error));
  table.add(26, "unknown error inside a stream", streamed(event(R"({"error":{"message":"what?"}})")),
            retryable(Code::upstream_error, Billing::refused, 502));
  table.add(
      26, "a refusal of the content inside a stream after content",
      streamed(kFirstChunk + kTextChunk + event(R"({"error":{"message":"Content Exists Risk"}})"), true),
      {.verdict = Verdict::fatal_request, .billing = Billing::possibly_billed, .code = Code::content_filter});
  table.add(27, "usage-only chunk and empty reasoning_content first",
            streamed(chunk(R"({"role":"assistant","content":null,"reasoning_content":""})") + kTextChunk +
                     kStopChunk + kUsageChunk + kDoneEvent),
            kSuccess);
  table.add(27, "a usage-only chunk is no answer", streamed(kUsageChunk + kDoneEvent),
            retryable(Code::cut, Billing::possibly_billed));
  table.add(29, "slow drip to its end",
            after(streamed(kFirstChunk + kTextChunk + kTextChunk + kStopChunk + kDoneEvent), seconds(500)),
            kSuccess);
  table.add(29, "slow drip past the deadline",
            given_up(streamed(kFirstChunk + kTextChunk, true), Clock::total), resumable(Code::timed_out));
}

// Row 28: framing that is to be repaired, read a byte at a time as well.
void add_framing(Table& table) {
  const std::string text = chunk(R"({"content":"é€😀"})");
  const std::string good = kFirstChunk + text + kStopChunk + kDoneEvent;
  std::string crlf;
  for (const char c : good) crlf.append(c == '\n' ? "\r\n" : std::string_view(&c, 1));
  std::string no_space = good;
  for (std::size_t at = 0; (at = no_space.find("data: ", at)) != std::string::npos; ++at)
    no_space.erase(at + 5, 1);
  const struct {
    std::string_view what;
    std::string body;
  } bodies[] = {
      {"split characters", kFirstChunk + text + kStopChunk + kDoneEvent},
      {"CRLF", crlf},
      {"a comment between events",
       kFirstChunk + kKeepAlive + text + ": OPENROUTER PROCESSING\n\n" + kStopChunk + kDoneEvent},
      {"no space after data:", no_space},
      {"a byte order mark", "\xef\xbb\xbf" + kFirstChunk + text + kStopChunk + kDoneEvent},
  };
  for (const auto& [what, body] : bodies) {
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}}) {
      Script script = streamed(body);
      script.bytes_per_read = bytes;
      table.add(28, std::string(what) + (bytes == 1 ? ", one byte per read" : ""), script, kSuccess);
    }
  }
  Script labelled = unstreamed(kFirstChunk + text + kStopChunk + kDoneEvent);
  table.add(28, "an event stream labelled JSON", labelled, kSuccess);
  Script json = streamed(kWholeAnswer);
  table.add(28, "JSON labelled an event stream", json, kSuccess);
  table.add(28, "a malformed event among good ones, nothing committed",
            streamed(kFirstChunk + "data: {\"id\":\n\n" + text),
            retryable(Code::malformed_event, Billing::possibly_billed, 502));
  table.add(28, "a malformed event among good ones, committed",
            streamed(kFirstChunk + text + "data: {\"id\":\n\n" + kStopChunk + kDoneEvent + kTextChunk, true),
            resumable(Code::malformed_event));
  table.add(28, "a malformed event after content", streamed(kFirstChunk + text + "data: {\"id\":\n\n", true),
            resumable(Code::malformed_event));
}

// Row 30: other hosts.
void add_other_hosts(Table& table) {
  const auto busy = retryable(Code::busy, Billing::refused, 503);
  table.add_refusal(
      30, "SiliconFlow is busy", 503,
      R"({"code":50508,"message":"System is too busy now. Please try again later.","data":null})", busy,
      "siliconflow");
  table.add_refusal(30, "Ollama is busy", 503,
                    R"({"error":"server busy, please try again.  maximum pending requests exceeded"})", busy,
                    "ollama");
  table.add_refusal(30, "llama.cpp is loading", 503,
                    R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})", busy,
                    "llamacpp");
  table.add(
      30, "OpenRouter: an error inside a 200",
      unstreamed(
          R"({"error":{"code":502,"message":"Provider returned error","metadata":{"provider_name":"X"}},"user_id":"u"})"),
      retryable(Code::bad_gateway, Billing::refused, 502), "openrouter");
  table.add(30, "OpenRouter: comments, then an error inside the stream",
            streamed(": OPENROUTER PROCESSING\n\n" +
                     event(R"({"error":{"code":429,"message":"Rate limited"},"choices":[]})")),
            limited(Code::rate_limited, 0), "openrouter");
  table.add(
      30, "OpenRouter: an error chunk after content",
      streamed(
          kFirstChunk + kTextChunk +
              event(
                  R"({"id":"g","error":{"code":"server_error","message":"Provider disconnected"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]})"),
          true),
      resumable(Code::server_error), "openrouter");
}

// Beyond the catalogue: what "Bad input" and rule 6 name.
void add_more(Table& table) {
  table.add(0, "HTML under a 200", unstreamed(std::string(kHtml)),
            retryable(Code::garbage, Billing::possibly_billed, 502));
  table.add(0, "no HTTP at all", without_head(false, Failure::protocol, Sent::everything),
            retryable(Code::garbage, Billing::possibly_billed, 502));
  table.add(0, "JSON that is no answer", unstreamed(R"({"hello":"world"})"),
            retryable(Code::garbage, Billing::possibly_billed));
  table.add(0, "an endless answer", {.body = "{", .ended = Ended::too_large},
            {.verdict = Verdict::fatal_request,
             .billing = Billing::possibly_billed,
             .code = Code::too_large,
             .caller_status = 502});
  table.add(
      0, "the caller went away", {.stream = true, .body = kFirstChunk, .ended = Ended::cancelled},
      {.verdict = Verdict::fatal_request, .billing = Billing::possibly_billed, .code = Code::caller_gone});
  table.add(0, "the caller went away after the finish",
            {.stream = true, .body = kFirstChunk + kTextChunk + kStopChunk, .ended = Ended::cancelled},
            kSuccess);
  table.add(0, "DNS", without_head(true, Failure::dns, Sent::nothing),
            retryable(Code::dns, Billing::unsent, 502));
  table.add(0, "TLS", without_head(true, Failure::tls, Sent::nothing),
            retryable(Code::tls, Billing::unsent, 502));
  table.add(0, "connect time-out", without_head(true, Failure::connect_timeout, Sent::nothing),
            retryable(Code::connect_timeout, Billing::unsent, 504));
  table.add(0, "no descriptor left", without_head(true, Failure::local, Sent::nothing),
            retryable(Code::gateway_exhausted, Billing::unsent, 503));
  table.add(0, "no endpoint", without_head(true, Failure::no_endpoint, Sent::nothing),
            retryable(Code::no_endpoint, Billing::unsent, 503));
  table.add_refusal(0, "403", 403, R"({"error":{"message":"no"}})",
                    account(Code::forbidden, AccountOut::no, 403));
  table.add_refusal(0, "404 path", 404, "404 page not found", request(Code::not_found, 404));
  table.add_refusal(0, "a redirect", 302, "", request(Code::unexpected_status, 502));
  table.add_refusal(0, "408", 408, "", retryable(Code::request_timeout, Billing::refused, 408));
  table.add_refusal(0, "500 without a body", 500, "", retryable(Code::server_error, Billing::refused, 502));
  table.add_refusal(0, "529", 529, "", retryable(Code::busy, Billing::refused, 503));
  table.add_refusal(
      0, "content filter", 400,
      R"({"error":{"message":"Content Exists Risk","type":"invalid_request_error","param":null,"code":"invalid_request_error"}})",
      request(Code::content_filter, 400));
  Script two = streamed(kFirstChunk + kTextChunk + kStopChunk);
  two.choices = 2;
  table.add(0, "one of two choices at a clean end", two, kSuccess);
  table.add(0, "one of two choices at a reset", broken(two, Failure::reset),
            retryable(Code::reset, Billing::possibly_billed));
}

}  // namespace

std::vector<Fault> catalogue() {
  Table table;
  add_queues(table);
  add_refusals(table);
  add_breaks(table);
  add_stalls(table);
  add_blanks(table);
  add_answers(table);
  add_framing(table);
  add_other_hosts(table);
  add_more(table);
  return table.take();
}

}  // namespace dujiang::golden
