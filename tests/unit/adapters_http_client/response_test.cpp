#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "adapters/http/client_response.hpp"
#include "support/gzip.hpp"

namespace dujiang::adapters::http {
namespace {

using dujiang::testing::compress;
using dujiang::testing::Wrapper;
using ports::IoFailure;
using ::testing::HasSubstr;
using Kind = ResponseReader::Step::Kind;
using Ending = ResponseReader::Ending;

struct Outcome {
  int heads = 0;
  int status = 0;
  std::string body;
  Kind last = Kind::more;
  IoFailure failure{};
  std::string detail;
  bool keeps = false;
};

// Lets `reader` say all that it can; true when it wants more bytes.
bool drain(ResponseReader& reader, Outcome& outcome, ResponseReader::Step step) {
  while (step.kind != Kind::more) {
    outcome.last = step.kind;
    if (step.kind == Kind::head) ++outcome.heads;
    if (step.kind == Kind::body) outcome.body += step.bytes;
    if (step.kind == Kind::failed) {
      outcome.failure = step.failure;
      outcome.detail = step.detail;
    }
    if (step.kind == Kind::end || step.kind == Kind::failed) return false;
    step = reader.next();
  }
  return true;
}

// Feeds `bytes`, at most `piece` at a time, then ends the stream.
Outcome read(std::string_view bytes, std::size_t piece, Ending ending = Ending::proper,
             bool to_head = false) {
  ResponseReader reader(to_head);
  Outcome outcome;
  bool wants_more = drain(reader, outcome, reader.next());
  while (wants_more && !bytes.empty()) {
    const auto space = reader.space();
    const std::size_t size = std::min({piece, space.size(), bytes.size()});
    std::memcpy(space.data(), bytes.data(), size);
    reader.commit(size);
    bytes.remove_prefix(size);
    wants_more = drain(reader, outcome, reader.next());
  }
  if (wants_more) drain(reader, outcome, reader.end_of_stream(ending));
  outcome.status = reader.status();
  outcome.keeps = reader.keeps_connection() && bytes.empty();
  return outcome;
}

std::string with_length(std::string_view body, std::string_view fields = "") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(fields) +
         "\r\n" + std::string(body);
}

TEST(ResponseReader, ReadsEveryFramingWhateverThePieces) {
  const struct {
    std::string bytes;
    std::string body;
    bool keeps;
  } rows[] = {
      {with_length("hello"), "hello", true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", true},
      {"HTTP/1.1 204 No Content\r\n\r\n", "", true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nt: 1\r\n\r\n",
       "hello", true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n", "", false},
      {"HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end", false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "hi", false},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + with_length("hi"), "hi",
       true},
      {with_length(compress("hello"), "Content-Encoding: gzip\r\n"), "hello", true},
      {with_length(compress("hello", Wrapper::zlib), "Content-Encoding: deflate\r\n"), "hello", true},
      {with_length(compress("hello", Wrapper::bare), "Content-Encoding: deflate\r\n"), "hello", true},
      {with_length("", "Content-Encoding: gzip\r\n"), "", true},
      {with_length(compress("hello") + compress(" and more"), "Content-Encoding: gzip\r\n"), "hello and more",
       true},
      {with_length("hello", "Content-Encoding: identity\r\n"), "hello", true},
  };
  for (const auto& row : rows) {
    for (std::size_t piece = 1; piece <= row.bytes.size(); ++piece) {
      const Outcome outcome = read(row.bytes, piece);
      ASSERT_EQ(outcome.last, Kind::end) << row.bytes << "\n" << piece << ": " << outcome.detail;
      ASSERT_EQ(outcome.heads, 1);
      ASSERT_EQ(outcome.body, row.body);
      ASSERT_EQ(outcome.keeps, row.keeps) << row.bytes;
    }
  }
}

TEST(ResponseReader, SaysHowAnAnswerWasCut) {
  const std::string whole[] = {with_length("hello"),
                               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                               with_length(compress("hello"), "Content-Encoding: gzip\r\n")};
  for (const std::string& bytes : whole) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const std::string_view cut = std::string_view(bytes).substr(0, size);
      ASSERT_EQ(read(cut, 4).failure, IoFailure::closed) << cut;
      const Outcome broken = read(cut, 4, Ending::broken);
      ASSERT_EQ(broken.last, Kind::failed);
      ASSERT_EQ(broken.failure, IoFailure::reset) << cut;
    }
  }
}

TEST(ResponseReader, TakesABrokenConnectionForNoEndOfABodyWithoutLength) {
  const Outcome outcome = read("HTTP/1.1 200 OK\r\n\r\nhalf", 99, Ending::broken);
  EXPECT_EQ(outcome.body, "half");
  EXPECT_EQ(outcome.failure, IoFailure::reset);
}

TEST(ResponseReader, RefusesWhatIsNotHttp) {
  const struct {
    std::string bytes;
    const char* detail;
  } rows[] = {
      {"<html>busy</html>", "not those of an HTTP"},
      {"HTTP/2 200\r\n\r\n", "HTTP/1.1 response"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "two Content-Length"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "switched protocols"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "hexadecimal"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(300, '0'), "chunk"},
      {with_length("x", "Content-Encoding: br\r\n"), "Content-Encoding: br"},
      {with_length("x", "Content-Encoding: gzip, gzip\r\n"), "Content-Encoding"},
      {with_length("not gzip at all", "Content-Encoding: gzip\r\n"), "broken"},
      {with_length(compress("hello").substr(0, 15), "Content-Encoding: gzip\r\n"), "ends too early"},
  };
  for (const auto& row : rows) {
    const Outcome outcome = read(row.bytes, 64);
    EXPECT_EQ(outcome.last, Kind::failed) << row.bytes;
    EXPECT_EQ(outcome.failure, IoFailure::protocol) << row.bytes;
    EXPECT_THAT(outcome.detail, HasSubstr(row.detail)) << row.bytes;
    EXPECT_FALSE(outcome.keeps);
  }
}

TEST(ResponseReader, BoundsTheHeadAndTheInterimAnswers) {
  const std::string endless = "HTTP/1.1 200 OK\r\nx: " + std::string(100'000, 'x');
  EXPECT_EQ(read(endless, 5000).failure, IoFailure::protocol);
  std::string interim;
  for (int i = 0; i < 33; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  const Outcome outcome = read(interim, 5000);
  EXPECT_EQ(outcome.failure, IoFailure::protocol);
  EXPECT_THAT(outcome.detail, HasSubstr("interim"));
}

TEST(ResponseReader, ReadsALargeHeadThatIsWithinTheLimit) {
  const Outcome outcome = read(with_length("hi", "x: " + std::string(60'000, 'x') + "\r\n"), 5000);
  EXPECT_EQ(outcome.last, Kind::end);
  EXPECT_EQ(outcome.body, "hi");
}

TEST(ResponseReader, StopsABomb) {
  const Outcome outcome =
      read(with_length(compress(std::string(50 << 20, ' ')), "Content-Encoding: gzip\r\n"), 16384);
  EXPECT_EQ(outcome.failure, IoFailure::protocol);
  EXPECT_LT(outcome.body.size(), 20u << 20);
}

TEST(ResponseReader, HidesTheCodingThatItUndid) {
  ResponseReader reader;
  const std::string bytes = with_length(compress("hello"), "Content-Encoding: gzip\r\nx-a: 1\r\n");
  std::memcpy(reader.space().data(), bytes.data(), bytes.size());
  reader.commit(bytes.size());
  ASSERT_EQ(reader.next().kind, Kind::head);
  EXPECT_EQ(reader.headers().count("content-encoding"), 0u);
  EXPECT_EQ(reader.headers().count("content-length"), 0u);
  EXPECT_EQ(reader.headers().get("x-a"), "1");
}

TEST(ResponseReader, ReadsNoBodyAfterAHead) {
  const Outcome outcome = read("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", 99, Ending::proper, true);
  EXPECT_EQ(outcome.last, Kind::end);
  EXPECT_TRUE(outcome.keeps);
}

TEST(ResponseReader, DoesNotKeepAConnectionWithBytesBeyondTheAnswer) {
  EXPECT_FALSE(read(with_length("hello") + "HTTP/1.1 200 OK\r\n", 9999).keeps);
}

}  // namespace
}  // namespace dujiang::adapters::http
