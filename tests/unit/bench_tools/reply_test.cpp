#include "benchmarks/tools/reply.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace dujiang::bench {
namespace {

struct Read {
  std::string body;
  std::size_t taken = 0;
  int status = 0;
  bool is_complete = false, is_broken = false;
  friend bool operator==(const Read&, const Read&) = default;
};

// Reads `bytes` in pieces of `piece` bytes.
Read read(std::string_view bytes, std::size_t piece) {
  ReplyReader reader;
  Read result;
  for (std::size_t at = 0; at < bytes.size() && !reader.is_complete(); at += piece) {
    result.taken += reader.feed(bytes.substr(at, piece), [&](std::string_view body) { result.body += body; });
  }
  result.status = reader.status();
  result.is_complete = reader.is_complete();
  result.is_broken = reader.is_broken();
  return result;
}

// The same however the bytes are cut.
Read read_in_any_pieces(std::string_view bytes) {
  const Read whole = read(bytes, bytes.size());
  for (std::size_t piece = 1; piece < bytes.size(); ++piece) {
    EXPECT_EQ(read(bytes, piece), whole) << "in pieces of " << piece;
  }
  return whole;
}

TEST(ReplyReader, ReadsABodyByItsLength) {
  const std::string_view bytes = "HTTP/1.1 200 OK\r\ncontent-LENGTH: 5\r\n\r\nhello";
  EXPECT_EQ(read_in_any_pieces(bytes), (Read{"hello", bytes.size(), 200, true, false}));
}

TEST(ReplyReader, ReadsABodyInChunks) {
  const std::string_view bytes =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\nA;x=y\r\nllo, world\r\n0\r\nA: "
      "b\r\n\r\n";
  EXPECT_EQ(read_in_any_pieces(bytes), (Read{"hello, world", bytes.size(), 200, true, false}));
}

TEST(ReplyReader, StopsBehindTheEnd) {
  const std::string_view answer = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
  const std::string bytes = std::string(answer) + "HTTP/1.1 200 OK\r\n";
  EXPECT_EQ(read(bytes, bytes.size()), (Read{"", answer.size(), 503, true, false}));
}

TEST(ReplyReader, IsNotCompleteBeforeTheLastByte) {
  const std::string_view bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n0\r\n\r\n";
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    const Read part = read(bytes.substr(0, size), size);
    EXPECT_FALSE(part.is_complete || part.is_broken) << size << " bytes";
  }
}

TEST(ReplyReader, FindsWhatIsNotHttp) {
  for (const std::string_view bytes :
       {"garbage\r\n", "HTTP/1.1 abc\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nhe\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"}) {
    EXPECT_TRUE(read(bytes, bytes.size()).is_broken) << bytes;
  }
}

TEST(ReplyReader, ReadsAnotherAnswerAfterAReset) {
  ReplyReader reader;
  std::string body;
  const auto keep = [&](std::string_view piece) { body += piece; };
  reader.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", keep);
  reader.reset();
  reader.feed("HTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nb", keep);
  EXPECT_TRUE(reader.is_complete());
  EXPECT_EQ(reader.status(), 404);
  EXPECT_EQ(body, "ab");
}

}  // namespace
}  // namespace dujiang::bench
