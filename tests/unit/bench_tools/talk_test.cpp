#include "benchmarks/tools/talk.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dujiang::bench {
namespace {

TEST(Talk, TheRequestHas1400BytesAndSaysSo) {
  for (const bool stream : {false, true}) {
    const std::string request = chat_request(stream, "sk-x", "x-more: 1\r\n");
    const std::string body = request.substr(request.find("\r\n\r\n") + 4);
    EXPECT_EQ(body.size(), 1400U);
    EXPECT_TRUE(request.contains("Content-Length: 1400\r\n\r\n"));
    EXPECT_TRUE(request.contains("Authorization: Bearer sk-x\r\n"));
    EXPECT_TRUE(request.contains("\r\nx-more: 1\r\n"));
    EXPECT_EQ(asks_for_stream(body), stream);
  }
}

TEST(Talk, TheAnswerHas600Bytes) { EXPECT_EQ(chat_answer().size(), 600U); }

TEST(Talk, AnAnswerWrittenAnewTellsTheSameOnlyIfTextAndEndAreThere) {
  EXPECT_TRUE(tells_the_answer(chat_answer()));
  EXPECT_TRUE(tells_the_answer(R"({"new":1,)" + chat_answer().substr(1)));
  EXPECT_FALSE(tells_the_answer(chat_answer().substr(0, 599)));
  for (const std::string_view part : {"river", R"("finish_reason":"stop")"}) {
    std::string other = chat_answer();
    other.replace(other.find(part), part.size(), "lake");
    EXPECT_FALSE(tells_the_answer(other)) << "without " << part;
  }
}

TEST(Talk, AnEventTellsWhenItWasMade) {
  for (const Nanoseconds made : {Nanoseconds{0}, Nanoseconds{1}, Nanoseconds{9'000'000'000'000'000'000}}) {
    EXPECT_EQ(event_made(event_of(made)), made);
  }
}

TEST(Talk, AnyOtherEventTellsNothing) {
  const std::string event = event_of(12345);
  for (std::size_t at = 0; at < event.size(); ++at) {
    std::string other = event;
    other[at] = '~';
    EXPECT_EQ(event_made(other), std::nullopt) << "changed at " << at;
    EXPECT_EQ(event_made(event.substr(0, at)), std::nullopt) << "cut at " << at;
  }
  EXPECT_EQ(event_made(event + " "), std::nullopt);
  EXPECT_EQ(event_made(finish_event()), std::nullopt);
}

}  // namespace
}  // namespace dujiang::bench
