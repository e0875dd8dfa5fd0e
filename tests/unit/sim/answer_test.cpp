#include "sim/answer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>
#include <vector>

namespace dujiang::sim {
namespace {

TEST(Answer, IsTheSameForTheSamePrompt) {
  EXPECT_EQ(AnswerText("What is a levee?").text(), AnswerText("What is a levee?").text());
}

// The text is part of what other programs compute: it may not change by accident.
TEST(Answer, StaysWhatItWas) {
  EXPECT_EQ(AnswerText("hi [[sim-tokens 8]]").text(), "Outlet 🎋. Garden should 水利. Share depth guide.");
}

TEST(Answer, DiffersByPromptVoiceAndChoice) {
  const std::set<std::string> texts{
      AnswerText("a").text(), AnswerText("b").text(), AnswerText("a", Voice::reasoning).text(),
      AnswerText("a", Voice::json).text(), AnswerText("a", Voice::content, 1).text()};
  EXPECT_EQ(texts.size(), 5u);
}

TEST(Answer, IsTheJoinOfItsTokensAndACutIsItsBeginning) {
  const AnswerText answer("What is a weir?");
  std::string joined;
  for (std::size_t i = 0; i < answer.size(); ++i) joined += answer.token(i);
  EXPECT_EQ(answer.text(), joined);
  EXPECT_TRUE(joined.starts_with(answer.text(5)));
  EXPECT_LT(answer.text(5).size(), joined.size());
}

TEST(Answer, HasALognormalLength) {
  std::vector<std::size_t> sizes;
  sizes.reserve(4001);
  for (int i = 0; i < 4001; ++i) sizes.push_back(AnswerText("prompt " + std::to_string(i)).size());
  std::ranges::sort(sizes);
  EXPECT_GE(sizes.front(), 8u);
  EXPECT_LE(sizes.back(), 1200u);
  EXPECT_NEAR(static_cast<double>(sizes[2000]), 150, 10);
  // The 84th percentile of a lognormal is median · e^sigma.
  EXPECT_NEAR(static_cast<double>(sizes[3360]), 150 * 2.117, 25);
}

TEST(Answer, HasTheLengthThatThePromptAsksFor) {
  EXPECT_EQ(AnswerText("[[sim-tokens 3]] why").size(), 3u);
  EXPECT_EQ(AnswerText("why [[sim-tokens 1]]").text(), AnswerText("why [[sim-tokens 1]]").token(0));
  EXPECT_EQ(AnswerText("[[sim-tokens 0]]").size(), 1u);
  // What is no directive is a prompt like any other.
  EXPECT_GE(AnswerText("[[sim-tokens many]]").size(), 8u);
  EXPECT_GE(AnswerText("[[sim-tokens 3").size(), 8u);
}

TEST(Answer, AlwaysHasACharacterOfSeveralBytes) {
  for (int i = 0; i < 200; ++i) {
    const std::string token = AnswerText("prompt " + std::to_string(i)).token(1);
    EXPECT_TRUE(std::ranges::any_of(token, [](char c) { return static_cast<unsigned char>(c) >= 0xc0; }))
        << token;
  }
}

TEST(Answer, InJsonIsAnObject) {
  for (int i = 0; i < 200; ++i) {
    const std::string text = AnswerText("prompt " + std::to_string(i), Voice::json).text();
    boost::system::error_code error;
    const auto value = boost::json::parse(text, error);
    ASSERT_FALSE(error) << text;
    EXPECT_TRUE(value.as_object().at("answer").is_string());
  }
}

TEST(Continuation, GoesOnAfterEveryBeginningOfTheText) {
  const AnswerText answer("[[sim-tokens 40]] Go on");
  const std::string all = answer.text();
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    const auto place = continue_after(answer, std::string_view(all).substr(0, cut));
    ASSERT_TRUE(place) << cut;
    std::string rest;
    for (std::size_t i = place->index; i < answer.size(); ++i) {
      rest += i == place->index ? answer.token(i).substr(place->offset) : answer.token(i);
    }
    EXPECT_EQ(all.substr(cut), rest) << cut;
  }
}

TEST(Continuation, RefusesWhatIsNotTheBeginning) {
  const AnswerText answer("[[sim-tokens 5]] Go on");
  EXPECT_FALSE(continue_after(answer, "Something else"));
  EXPECT_FALSE(continue_after(answer, answer.text() + " and more"));
}

}  // namespace
}  // namespace dujiang::sim
