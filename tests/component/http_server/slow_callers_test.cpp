// Callers who take their time, thousands of them, and those beside them who don't.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <vector>

#include "component/http_server/fixture.hpp"

namespace dujiang::adapters::http {
namespace {

using namespace std::chrono_literals;

// As many connections, both ends of each in this process, as its descriptors allow; at most `wanted`.
std::size_t connections_within_limits(std::size_t wanted) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return std::min<std::size_t>(wanted, (limit.rlim_cur - 200) / 2);
}

TEST(SlowCallers, ByTheThousandDisturbNobody) {
  TestServer server(always(echo), {.header_timeout = 10min, .body_timeout = 10min});
  const std::size_t count = connections_within_limits(5000);
  const std::string request = post("/slow", "body");
  const std::size_t head = request.size() - 4;
  // Some send nothing, some a part of the head, some a part of the body.
  const std::size_t said[] = {0, 1, head / 2, head - 1, head, head + 1};
  std::vector<RawSocket> slow;
  for (std::size_t i = 0; i < count; ++i) {
    slow.push_back(server.connect());
    slow.back().say(request.substr(0, said[i % 6]));
    if (i % 50 != 0) continue;
    RawSocket other = server.connect();
    other.say(post("/quick", "body"));
    ASSERT_EQ(hear_answer(other).body, "POST /quick?\nbody") << "beside " << i;
  }
  RawSocket other = server.connect();
  for (int i = 0; i < 100; ++i) {
    other.say(get("/quick"));
    ASSERT_EQ(hear_answer(other).status, 200);
  }
  EXPECT_GE(server.counts().connections, count);
  for (std::size_t i = 0; i < count; ++i) slow[i].say(request.substr(said[i % 6]));
  for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(hear_answer(slow[i]).body, "POST /slow?\nbody") << i;
}

TEST(SlowCallers, WhoDripTheirBytesAreClosedAfterTheirTimeAllTheSame) {
  TestServer server(always(echo), {.header_timeout = 300ms, .body_timeout = 300ms});
  for (const std::string& start : {std::string("GET /"), chunked_head("/") + "fffff\r\n",
                                   post("/", std::string(1'000'000, 'x')).substr(0, 200)}) {
    RawSocket socket = server.connect();
    socket.say(start);
    while (socket.is_silent(5)) socket.say("x");
    EXPECT_EQ(hear_answer(socket).status, 408) << start;
    EXPECT_EQ(socket.take_rest(), "");
  }
  EXPECT_EQ(server.refused(RefusalReason::timeout), 3u);
}

}  // namespace
}  // namespace dujiang::adapters::http
