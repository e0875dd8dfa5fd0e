#include "http/chunked.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace dujiang::http {
namespace {

using Kind = ChunkedDecoder::Kind;

struct Outcome {
  std::string body;
  std::size_t consumed = 0;
  Kind kind = Kind::more;
  std::string error;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  return out << "{body '" << outcome.body << "', consumed " << outcome.consumed << ", kind "
             << static_cast<int>(outcome.kind) << ", error '" << outcome.error << "'}";
}

// Feeds `input` and adds what comes out; true while the message goes on.
bool feed(ChunkedDecoder& decoder, std::string_view input, Outcome& outcome) {
  while (true) {
    const auto step = decoder.next(input);
    outcome.body += step.body;
    outcome.consumed += step.consumed;
    outcome.kind = step.kind;
    input.remove_prefix(step.consumed);
    if (step.kind == Kind::more) return true;
    if (step.kind != Kind::body) {
      outcome.error = decoder.error();
      return false;
    }
  }
}

// Decodes as a whole, after checking that no split into two and no byte-by-byte feed gives anything else.
Outcome decode(const std::string& bytes, ChunkedLimits limits = {}) {
  ChunkedDecoder decoder(limits);
  Outcome whole;
  feed(decoder, bytes, whole);
  for (std::size_t at = 0; at <= bytes.size(); ++at) {
    ChunkedDecoder split(limits);
    Outcome outcome;
    if (feed(split, bytes.substr(0, at), outcome)) feed(split, bytes.substr(at), outcome);
    EXPECT_EQ(outcome, whole) << "split at " << at << " of " << bytes;
  }
  ChunkedDecoder slow(limits);
  Outcome outcome;
  for (const char c : bytes) {
    if (!feed(slow, std::string(1, c), outcome)) break;
  }
  if (!bytes.empty()) {
    EXPECT_EQ(outcome, whole) << "byte by byte: " << bytes;
  }
  return whole;
}

TEST(Chunked, JoinsChunksAndStopsAtTheEndOfTheMessage) {
  const std::string message = "5\r\nhello\r\n7;name=\"v;v\"\r\n, world\r\n0\r\n\r\n";
  EXPECT_EQ(decode(message + "GET / HTTP/1.1"), (Outcome{"hello, world", message.size(), Kind::end, ""}));
}

TEST(Chunked, TakesHexInBothCasesAndLeadingZeros) {
  EXPECT_EQ(decode("0000A\r\n0123456789\r\n00b\r\n0123456789a\r\n000\r\n\r\n").body, "01234567890123456789a");
}

TEST(Chunked, DropsTrailerFields) {
  EXPECT_EQ(decode("1\r\nx\r\n0\r\nX-Sum: 12 34\r\nEmpty:\r\n\r\n").kind, Kind::end);
}

TEST(Chunked, WantsMoreUntilTheLastEmptyLine) {
  const std::string message = "1\r\nx\r\n0\r\n\r\n";
  for (std::size_t size = 0; size < message.size(); ++size) {
    EXPECT_EQ(decode(message.substr(0, size)).kind, Kind::more) << size;
  }
}

TEST(Chunked, RefusesBrokenFraming) {
  for (const char* bad : {"\r\n",
                          "x\r\n",
                          "-1\r\n",
                          "+1\r\nx\r\n",
                          "0x1\r\nx\r\n",
                          " 1\r\nx\r\n",
                          "1 \r\nx\r\n",
                          "1\nx\n",
                          "1\r\nxy\r\n",
                          "1\r\nx\n",
                          "1\r\nx\r0\r\n",
                          "1\rx\r\n",
                          "1;a\nb\r\nx\r\n",
                          "1;a\x01\r\nx\r\n",
                          "1234567890123456\r\n",
                          "0\r\nno colon\r\n\r\n",
                          "0\r\n folded: x\r\n\r\n",
                          "0\r\nA: b\n\r\n",
                          "0\r\nA: b\rc\r\n\r\n",
                          "0\r\n\rx",
                          "0\r\n: x\r\n\r\n",
                          "0\n\n"}) {
    const Outcome outcome = decode(bad);
    EXPECT_EQ(outcome.kind, Kind::error) << bad;
    EXPECT_FALSE(outcome.error.empty()) << bad;
  }
}

TEST(Chunked, AnEndlessSizeLineIsGivenUpAtItsLimit) {
  const ChunkedLimits limits{.line = 10, .trailer = 20};
  EXPECT_EQ(decode("1;3456789\r\nx\r\n0\r\n\r\n", limits).kind, Kind::end);
  EXPECT_EQ(decode("1;34567890\r\nx\r\n0\r\n\r\n", limits).kind, Kind::error);
  EXPECT_EQ(decode("1;" + std::string(100, 'x'), limits).consumed, 11u);
}

TEST(Chunked, AnEndlessTrailerIsGivenUpAtItsLimit) {
  const ChunkedLimits limits{.line = 10, .trailer = 20};
  EXPECT_EQ(decode("0\r\nA: b\r\nC: 01234567\r\n\r\n", limits).kind, Kind::error);
  EXPECT_EQ(decode("0\r\nA: b\r\nC: 0123456\r\n\r\n", limits).kind, Kind::end);
}

TEST(Chunked, AHugeAnnouncedChunkIsHandedOutAsItComes) {
  ChunkedDecoder decoder;
  const std::string start = "7fffffffffffff0\r\nabc";
  const auto step = decoder.next(start);
  EXPECT_EQ(step.kind, Kind::body);
  EXPECT_EQ(step.body, "abc");
  EXPECT_EQ(step.body.data(), start.data() + start.size() - 3);
}

}  // namespace
}  // namespace dujiang::http
