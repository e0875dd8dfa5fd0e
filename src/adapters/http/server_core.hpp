// What all connections of one HttpServer share. Connections and handlers hold it, so it outlives the
// HttpServer.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "adapters/http/server.hpp"
#include "adapters/http/server_accept.hpp"
#include "adapters/http/server_buffer.hpp"
#include "adapters/net/listener.hpp"

namespace dujiang::adapters::http {

class Connection;

// A listener, and what stands behind it.
struct Entrance {
  std::shared_ptr<net::Listener> listener;
  Door door;
};

class ServerCore {
 public:
  ServerCore(runtime::EpollLoop& on, ServerSettings with, ports::Handler to, ErrorPage page,
             ports::FrontHooks say)
      : loop(on),
        settings(std::move(with)),
        handler(std::move(to)),
        error_page(std::move(page)),
        hooks(std::move(say)),
        body_memory(std::make_shared<BodyMemory>(settings.body_memory_bytes)),
        emptied(on) {}

  void count(RefusalReason reason) { ++counts.refused[static_cast<std::size_t>(reason)]; }

  void count(net::Handshake handshake) { ++counts.handshakes[static_cast<std::size_t>(handshake)]; }

  // Now, as the Date field has it; formatted once a second.
  std::string_view date();

  runtime::EpollLoop& loop;
  ServerSettings settings;
  const ports::Handler handler;
  const ErrorPage error_page;
  const ports::FrontHooks hooks;
  std::shared_ptr<BodyMemory> body_memory;
  std::vector<Entrance> entrances;
  std::unordered_set<Connection*> connections;
  std::size_t turned_away = 0;  // of these: beyond the limit, being told so
  ServerCounts counts;          // without what is derived: connections
  bool draining = false;
  std::size_t most_connections = std::numeric_limits<std::size_t>::max();  // that descriptors allow
  AcceptPause pause;
  Warn warn = [](std::string_view, std::string_view) {};
  runtime::Signal emptied;  // the last connection has gone
  BlockPool blocks;
  // For bytes that are looked at before anything else runs.
  std::array<char, kBlockBytes> scratch{};

 private:
  std::string date_;
  base::WallTime date_until_{};
};

}  // namespace dujiang::adapters::http
