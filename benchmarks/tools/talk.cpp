#include "talk.hpp"

#include <fmt/format.h>

#include <charconv>

namespace dujiang::bench {

namespace {

constexpr std::size_t kRequestBytes = 1400;
constexpr std::size_t kAnswerBytes = 600;
constexpr std::size_t kDigits = 19;

constexpr std::string_view kWords =
    "Dujiangyan tames a river in flood without a dam: a levee divides the water, a narrow inlet lets in what "
    "the "
    "fields can take, and a spillway carries the rest away. ";

/// `before` + as many words as make the whole `size` bytes long + `after`.
std::string padded(std::string before, std::string_view after, std::size_t size) {
  while (before.size() + after.size() < size) {
    before += kWords.substr(0, size - before.size() - after.size());
  }
  return before.append(after);
}

std::string request_body(bool stream) {
  return padded(
      fmt::format(
          R"({{"model":"deepseek-chat","stream":{},"temperature":0.7,"max_tokens":256,"messages":[)"
          R"({{"role":"system","content":"You are a helpful assistant who answers in one sentence."}},)"
          R"({{"role":"user","content":")",
          stream),
      R"("}]})", kRequestBytes);
}

constexpr std::string_view kEventHead =
    R"({"id":"chatcmpl-7f3c9a52d1e84b06","object":"chat.completion.chunk","created":1760000000,)"
    R"("model":"deepseek-chat","system_fingerprint":"fp_b81c2e","choices":[{"index":0,"delta":{"content":")";
constexpr std::string_view kEventTail = R"( "},"logprobs":null,"finish_reason":null}]})";

}  // namespace

std::string chat_request(bool stream, std::string_view key, std::string_view fields) {
  const std::string body = request_body(stream);
  return fmt::format(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n"
      "User-Agent: OpenAI/Python 1.99.0\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n"
      "{}Content-Length: {}\r\n\r\n{}",
      key, fields, body.size(), body);
}

bool asks_for_stream(std::string_view body) { return body.contains(R"("stream":true)"); }

const std::string& chat_answer() {
  static const std::string kAnswer = padded(
      R"({"id":"chatcmpl-7f3c9a52d1e84b06","object":"chat.completion","created":1760000000,)"
      R"("model":"deepseek-chat","choices":[{"index":0,"message":{"role":"assistant","content":")",
      R"("},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":280,"completion_tokens":60,)"
      R"("total_tokens":340},"system_fingerprint":"fp_b81c2e"})",
      kAnswerBytes);
  return kAnswer;
}

bool tells_the_answer(std::string_view body) {
  static const std::string_view kText = [] {
    const std::string_view answer = chat_answer();
    const std::size_t begin = answer.find(kWords);
    return answer.substr(begin, answer.find('"', begin) - begin);
  }();
  return body.contains(fmt::format(R"("content":"{}")", kText)) &&
         body.contains(R"("finish_reason":"stop")") && body.ends_with('}');
}

std::string event_of(Nanoseconds made) { return fmt::format("{}{:019}{}", kEventHead, made, kEventTail); }

std::optional<Nanoseconds> event_made(std::string_view data) {
  if (data.size() != kEventHead.size() + kDigits + kEventTail.size() || !data.starts_with(kEventHead) ||
      !data.ends_with(kEventTail)) {
    return std::nullopt;
  }
  const std::string_view digits = data.substr(kEventHead.size(), kDigits);
  Nanoseconds made = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), made);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return made;
}

std::string_view finish_event() {
  return R"({"id":"chatcmpl-7f3c9a52d1e84b06","object":"chat.completion.chunk","created":1760000000,)"
         R"("model":"deepseek-chat","system_fingerprint":"fp_b81c2e","choices":[{"index":0,"delta":{"content":""},)"
         R"("logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":280,"completion_tokens":200,)"
         R"("total_tokens":480}})";
}

}  // namespace dujiang::bench
