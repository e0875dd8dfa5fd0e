// A peer that asks for new keys again and again and takes none of the answers: a read must not wait for bytes
// that are there already.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <string>

#include "adapters/net/listener.hpp"
#include "adapters/net/tls.hpp"
#include "support/certificates.hpp"
#include "support/run.hpp"
#include "support/tls_peer.hpp"

namespace dujiang::adapters::net {
namespace {

using namespace std::chrono_literals;
using namespace dujiang::testing;

void set_buffer(TcpConn& conn, int which) {
  const int least = 1;  // the kernel makes it its own least
  ASSERT_EQ(::setsockopt(conn.socket().fd(), SOL_SOCKET, which, &least, sizeof least), 0);
}

runtime::Task<void> rekey_endlessly(TlsServerContext& context, Listener& listener) {
  Accepted accepted = co_await listener.accept();
  set_buffer(*accepted.conn, SO_RCVBUF);
  TlsPeer peer(context, std::move(accepted.conn));
  if (!co_await peer.accept()) co_return;
  while (co_await peer.write("x")) peer.rekey();
}

// Reads until the connection ends, or until as many waits in a row as there can't be a reason for ended with
// nothing to read.
runtime::Task<IoStatus> read_on(Conn& conn) {
  constexpr int kTooMany = 10'000;
  std::array<char, 64> buffer{};
  for (int idle = 0; idle < kTooMany;) {
    const IoResult got = conn.read(buffer);
    if (got.status == IoStatus::ok) {
      idle = 0;
      continue;
    }
    if (got.status != IoStatus::would_block) co_return got.status;
    ++idle;
    // Shorter than the peer's own patience, whose end would look like ours.
    runtime::Signal& readable = conn.readable();
    if (co_await readable.wait(readable.loop().now() + 5s) == runtime::Wake::timeout) break;
  }
  co_return IoStatus::would_block;
}

runtime::Task<IoStatus> converse(runtime::EpollLoop& loop, std::shared_ptr<TlsContext> context,
                                 SocketAddress at) {
  auto tcp = co_await connect_tcp(loop, at, loop.now() + 10s);
  set_buffer(**tcp, SO_SNDBUF);
  auto conn = co_await connect_tls(std::move(context), std::move(*tcp), "api.test", 443, loop.now() + 10s);
  co_return co_await read_on(**conn);
}

TEST(Rekeying, AgainAndAgainWithoutReadingTheAnswersEndsTheConnection) {
  runtime::EpollLoop loop(1);
  const Certificate authority = make_authority("Test CA");
  TlsServerContext server(make_leaf(authority, {.names = {"api.test"}}));
  const auto listener = Listener::open(loop, SocketAddress::parse("127.0.0.1:0").value()).value();
  loop.spawn(rekey_endlessly(server, *listener));
  auto context = TlsContext::make(TemporaryFile(authority.certificate).path()).value();
  EXPECT_EQ(run(loop, converse(loop, std::move(context), listener->address())), IoStatus::reset);
}

}  // namespace
}  // namespace dujiang::adapters::net
