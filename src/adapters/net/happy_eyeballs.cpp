#include "adapters/net/happy_eyeballs.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

namespace dujiang::adapters::net {
namespace {

// What the attempts of one call share. They may end after it.
struct Race {
  explicit Race(runtime::EpollLoop& on) : loop(on), changed(on) {}

  runtime::EpollLoop& loop;
  runtime::Signal changed;  // an attempt has ended
  std::stop_source decided;
  std::unique_ptr<TcpConn> winner;
  std::optional<ConnectFailure> failure;
  std::size_t failed = 0;
};

runtime::Task<void> attempt(std::shared_ptr<Race> race, SocketAddress to, base::TimePoint until) {
  TcpConnected conn = co_await connect_tcp(race->loop, to, until, race->decided.get_token());
  if (race->decided.stop_requested()) co_return;
  if (conn) {
    race->winner = std::move(*conn);
    race->decided.request_stop();
  } else {
    ++race->failed;
    if (!race->failure) {
      race->failure = std::move(conn.error());
    } else {
      race->failure->message += "; " + conn.error().message;
    }
  }
  race->changed.notify();
}

}  // namespace

std::vector<SocketAddress> by_turns(const std::vector<SocketAddress>& addresses) {
  std::vector<SocketAddress> first;
  std::vector<SocketAddress> second;
  for (const SocketAddress& address : addresses) {
    (address.is_ip6() == addresses.front().is_ip6() ? first : second).push_back(address);
  }
  std::vector<SocketAddress> turns;
  turns.reserve(addresses.size());
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) turns.push_back(first[i]);
    if (i < second.size()) turns.push_back(second[i]);
  }
  return turns;
}

runtime::Task<TcpConnected> connect_first(runtime::EpollLoop& loop, AddressList addresses, std::uint16_t port,
                                          base::TimePoint until) {
  const std::vector<SocketAddress> order = by_turns(*addresses);
  if (order.size() == 1) co_return co_await connect_tcp(loop, order.front().with_port(port), until);
  const auto race = std::make_shared<Race>(loop);
  for (std::size_t started = 1; started <= order.size(); ++started) {
    loop.spawn(attempt(race, order[started - 1].with_port(port), until));
    const base::TimePoint next = started == order.size() ? base::kNever  // each attempt ends by itself
                                                         : base::after(loop.now(), kConnectionAttemptDelay);
    while (!race->winner && race->failed < started) {
      const runtime::Wake wake = co_await race->changed.wait(next);
      if (wake == runtime::Wake::timeout || started < order.size()) break;
    }
    if (race->winner) co_return std::move(race->winner);
  }
  co_return std::unexpected(std::move(*race->failure));
}

}  // namespace dujiang::adapters::net
