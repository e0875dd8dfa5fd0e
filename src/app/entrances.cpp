#include "app/entrances.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace dujiang::app {
namespace {

using adapters::http::Door;
using adapters::net::Listener;
using adapters::net::SocketAddress;
using config::ListenerSettings;

using Opened = base::Result<std::unique_ptr<Listener>>;

Opened open(runtime::EpollLoop& loop, const ListenerSettings& listener, Listener::Sharing sharing) {
  if (listener.unix_path) return Listener::open_unix(loop, *listener.unix_path, listener.unix_mode);
  const auto at = SocketAddress::from_ip(listener.address, listener.port);
  if (!at) return std::unexpected(at.error());
  return Listener::open(loop, *at, sharing);
}

bool is_named_by(const Listener& socket, const ListenerSettings& listener) {
  if (listener.unix_path) return socket.is_unix() && socket.path() == *listener.unix_path;
  return !socket.is_unix() && SocketAddress::from_ip(listener.address, listener.port) == socket.address();
}

std::string where(const Listener& socket) {
  return socket.is_unix() ? "unix:" + socket.path() : socket.address().to_string();
}

class Opening {
 public:
  Opening(runtime::EpollLoop& loop, const config::Config& config, Certificates& certificates)
      : loop_(loop), config_(config), certificates_(certificates) {}

  base::Result<void> adopt(const std::vector<int>& inherited) {
    for (const int fd : inherited) {
      auto socket = Listener::adopt(loop_, fd);
      if (!socket) return std::unexpected(socket.error());
      inherited_.push_back(std::move(*socket));
    }
    return {};
  }

  base::Result<void> open_all() {
    const config::ListenSettings& listen = config_.listen;
    // Which sockets nobody names is known only when all who do have been asked.
    std::vector<std::unique_ptr<Listener>> others;
    others.reserve(listen.also.size());
    std::unique_ptr<Listener> first = claim(listen);
    for (const ListenerSettings& listener : listen.also) others.push_back(claim(listener));
    if (auto opened = open_first(std::move(first)); !opened) return opened;
    for (std::size_t i = 0; i < listen.also.size(); ++i) {
      const std::string path = fmt::format("listen.also[{}]", i);
      if (auto opened = add(std::move(others[i]), listen.also[i], path); !opened) return opened;
    }
    return {};
  }

  std::vector<Entrance> take() { return std::move(entrances_); }

 private:
  std::unique_ptr<Listener> claim(const ListenerSettings& listener) {
    const auto found =
        std::ranges::find_if(inherited_, [&](const auto& socket) { return is_named_by(*socket, listener); });
    if (found == inherited_.end()) return nullptr;
    std::unique_ptr<Listener> socket = std::move(*found);
    inherited_.erase(found);
    return socket;
  }

  base::Result<void> open_first(std::unique_ptr<Listener> named) {
    if (named || inherited_.empty()) return add(std::move(named), config_.listen, "listen");
    for (std::unique_ptr<Listener>& socket : inherited_) {
      const bool is_open_to_others = !socket->is_unix() && !socket->address().is_loopback();
      if (is_open_to_others && !config_.insecure && !config_.caller_keys) {
        return base::fail(
            fmt::format("the inherited socket {} can be reached from other machines; bind "
                        "127.0.0.1, give `caller_keys`, or say `insecure: true` if that is meant",
                        where(*socket)));
      }
      if (auto added = add(std::move(socket), config_.listen, "listen"); !added) return added;
    }
    return {};
  }

  base::Result<void> add(std::unique_ptr<Listener> socket, const ListenerSettings& listener,
                         const std::string& path) {
    Door door{.proxy_protocol = listener.proxy_protocol};
    if (listener.tls) {
      const auto certificate = certificates_.add(path, *listener.tls);
      if (!certificate) return std::unexpected(certificate.error());
      door.certificate = *certificate;
    }
    if (!socket) {
      const auto sharing = config_.loops > 1 ? Listener::Sharing::shared : Listener::Sharing::alone;
      auto opened = open(loop_, listener, sharing);
      if (!opened) return std::unexpected(opened.error());
      socket = std::move(*opened);
    }
    entrances_.push_back({std::move(socket), std::move(door)});
    return {};
  }

  runtime::EpollLoop& loop_;
  const config::Config& config_;
  Certificates& certificates_;
  std::vector<std::unique_ptr<Listener>> inherited_;
  std::vector<Entrance> entrances_;
};

}  // namespace

std::string Entrance::url() const {
  if (listener->is_unix()) return where(*listener);
  return (door.certificate ? "https://" : "http://") + where(*listener);
}

base::Result<std::vector<Entrance>> open_entrances(runtime::EpollLoop& loop, const config::Config& config,
                                                   Certificates& certificates,
                                                   const std::vector<int>& inherited) {
  Opening opening(loop, config, certificates);
  if (auto adopted = opening.adopt(inherited); !adopted) return std::unexpected(adopted.error());
  if (auto opened = opening.open_all(); !opened) return std::unexpected(opened.error());
  return opening.take();
}

}  // namespace dujiang::app
