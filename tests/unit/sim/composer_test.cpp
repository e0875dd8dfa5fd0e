#include "sim/composer.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace dujiang::sim {
namespace {

namespace json = boost::json;

ChatRequest chat(std::string prompt) {
  ChatRequest out;
  out.model = "m";
  out.prompt = std::move(prompt);
  return out;
}

Composer compose(ChatRequest request, bool thinking = false) {
  return Composer(std::move(request), {.id = "id-1", .created = 5}, thinking);
}

// The deltas of a stream put together again: one member of the first choice's deltas.
std::string joined(const Composer& composer, std::string_view member) {
  std::string out;
  for (std::size_t step = 0; step < composer.steps(); ++step) {
    const json::value chunk = json::parse(composer.delta_chunks(step).front());
    const json::object& delta = chunk.at("choices").at(0).at("delta").as_object();
    if (const auto* text = delta.if_contains(json::string_view(member.data(), member.size()))) {
      out += text->as_string();
    }
  }
  return out;
}

TEST(Composer, StreamsTheAnswerOfThePrompt) {
  const Composer composer = compose(chat("What is a dam?"));
  EXPECT_EQ(joined(composer, "content"), AnswerText("What is a dam?").text());
  EXPECT_EQ(composer.finish_reason(), "stop");
}

TEST(Composer, AnswersTheSameWhole) {
  const Composer composer = compose(chat("What is a dam?"));
  const json::value whole = json::parse(composer.whole("stop", composer.steps()));
  EXPECT_EQ(whole.at("object").as_string(), "chat.completion");
  EXPECT_EQ(whole.at("choices").at(0).at("message").at("content").as_string(),
            AnswerText("What is a dam?").text());
  EXPECT_EQ(whole.at("usage").at("completion_tokens").to_number<std::size_t>(), composer.steps());
  EXPECT_EQ(whole.at("usage").at("prompt_tokens"),
            json::value(whole.at("usage").at("prompt_cache_hit_tokens").as_int64() +
                        whole.at("usage").at("prompt_cache_miss_tokens").as_int64()));
  EXPECT_FALSE(whole.at("usage").as_object().contains("completion_tokens_details"));
}

TEST(Composer, CutsAtMaxTokens) {
  ChatRequest request = chat("What is a dam?");
  request.max_tokens = 4;
  const Composer composer = compose(request);
  EXPECT_EQ(composer.steps(), 4u);
  EXPECT_EQ(composer.finish_reason(), "length");
  EXPECT_EQ(joined(composer, "content"), AnswerText("What is a dam?").text(4));
}

TEST(Composer, ThinksFirst) {
  const Composer composer = compose(chat("What is a dam?"), true);
  EXPECT_EQ(joined(composer, "reasoning_content"), AnswerText("What is a dam?", Voice::reasoning).text());
  EXPECT_EQ(joined(composer, "content"), AnswerText("What is a dam?").text());
  const json::value whole = json::parse(composer.whole("stop", composer.steps()));
  EXPECT_EQ(whole.at("usage").at("completion_tokens_details").at("reasoning_tokens").to_number<std::size_t>(),
            composer.reasoning_steps());
  EXPECT_EQ(composer.content_tokens(composer.steps()), AnswerText("What is a dam?").size());
}

TEST(Composer, ContinuesAPrefixWithoutASeam) {
  const std::string all = AnswerText("What is a dam?").text();
  ChatRequest request = chat("What is a dam?");
  request.prefix = all.substr(0, 20);
  EXPECT_EQ(*request.prefix + joined(compose(request), "content"), all);
  request.prefix = all;
  const Composer nothing_left = compose(request);
  EXPECT_EQ(nothing_left.steps(), 0u);
  EXPECT_EQ(nothing_left.finish_reason(), "stop");
}

TEST(Composer, BeginsAnewWhereThePrefixIsNotItsOwn) {
  ChatRequest request = chat("What is a dam?");
  request.prefix = "Not from here";
  EXPECT_EQ(joined(compose(request), "content"), AnswerText("What is a dam?").text());
}

TEST(Composer, CallsAToolInSeveralDeltas) {
  ChatRequest request = chat("use the tool");
  request.tool = "look_up";
  request.tool_parameter = "city";
  const Composer composer = compose(request);
  EXPECT_EQ(composer.finish_reason(), "tool_calls");
  EXPECT_GT(composer.steps(), 3u);
  std::string arguments;
  for (std::size_t step = 0; step < composer.steps(); ++step) {
    const json::value chunk = json::parse(composer.delta_chunks(step).front());
    const json::object& call = chunk.at("choices").at(0).at("delta").at("tool_calls").at(0).as_object();
    EXPECT_EQ(call.contains("id"), step == 0);
    arguments += call.at("function").at("arguments").as_string();
  }
  EXPECT_TRUE(json::parse(arguments).at("city").is_string()) << arguments;
  const json::value whole = json::parse(composer.whole("tool_calls", composer.steps()));
  EXPECT_EQ(whole.at("choices").at(0).at("message").at("tool_calls").at(0).at("function").at("arguments"),
            json::value(arguments));
}

TEST(Composer, AnswersInJsonMode) {
  ChatRequest request = chat("Give me json");
  request.json_mode = true;
  EXPECT_TRUE(json::parse(joined(compose(request), "content")).is_object());
}

TEST(Composer, GivesEachChoiceItsOwnChunksAndText) {
  ChatRequest request = chat("What is a dam?");
  request.choices = 3;
  const Composer composer = compose(request);
  EXPECT_EQ(composer.delta_chunks(0).size(), 3u);
  const json::value whole = json::parse(composer.whole("stop", composer.steps()));
  EXPECT_EQ(whole.at("choices").as_array().size(), 3u);
  EXPECT_EQ(whole.at("choices").at(2).at("message").at("content"),
            json::value(AnswerText("What is a dam?", Voice::content, 2).text()));
}

TEST(Composer, PutsUsageOnItsOwnChunkWhenAsked) {
  ChatRequest request = chat("What is a dam?");
  EXPECT_TRUE(json::parse(compose(request).finish_chunks("stop", 3).back()).at("usage").is_object());
  request.include_usage = true;
  const Composer composer = compose(request);
  EXPECT_TRUE(json::parse(composer.finish_chunks("stop", 3).back()).at("usage").is_null());
  EXPECT_TRUE(json::parse(composer.delta_chunks(0).front()).at("usage").is_null());
  const json::value usage = json::parse(composer.usage_chunk(3));
  EXPECT_TRUE(usage.at("choices").as_array().empty());
  EXPECT_EQ(usage.at("usage").at("completion_tokens"), json::value(3));
}

TEST(Composer, GivesLogprobsOfEachToken) {
  ChatRequest request = chat("What is a dam?");
  request.logprobs = true;
  const Composer composer = compose(request);
  const json::value chunk = json::parse(composer.delta_chunks(0).front());
  EXPECT_EQ(chunk.at("choices").at(0).at("logprobs").at("content").at(0).at("token"),
            json::value(AnswerText("What is a dam?").token(0)));
  const json::value whole = json::parse(composer.whole("stop", composer.steps()));
  EXPECT_EQ(whole.at("choices").at(0).at("logprobs").at("content").as_array().size(), composer.steps());
}

TEST(Composer, CompletesText) {
  ChatRequest request = chat("def f(");
  request.form = Form::completion;
  const Composer composer = compose(request);
  const json::value chunk = json::parse(composer.delta_chunks(0).front());
  EXPECT_EQ(chunk.at("object").as_string(), "text_completion");
  EXPECT_EQ(chunk.at("choices").at(0).at("text"), json::value(AnswerText("def f(").token(0)));
  EXPECT_TRUE(composer.first_chunks().empty());
}

}  // namespace
}  // namespace dujiang::sim
