#include "sim/serve.hpp"

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "runtime/epoll_loop.hpp"
#include "runtime/os_signals.hpp"
#include "sim/server.hpp"

namespace dujiang::sim {
namespace {

// A reader sees no file or the whole one.
bool write_port(const std::string& path, unsigned port) {
  const std::string draft = path + ".new";
  std::ofstream file(draft);
  file << port << '\n';
  file.close();
  return file && std::rename(draft.c_str(), path.c_str()) == 0;
}

}  // namespace

int serve(Options options, const std::string& port_file) {
  runtime::EpollLoop loop(options.seed);
  const runtime::OsSignals signals(loop, {SIGTERM, SIGINT}, [&loop](int /*signal*/) { loop.stop(); });
  const std::string scenario = options.scenario.name;
  const auto server = Server::open(loop, std::move(options));
  if (!server) {
    std::cerr << server.error().message << '\n';
    return 1;
  }
  std::cout << "dujiang-sim: scenario " << scenario << " at http://" << (*server)->address()
            << "/v1 (what it does: /sim/stats)\n"
            << std::flush;
  if (!port_file.empty() && !write_port(port_file, (*server)->port())) {
    std::cerr << "cannot write the port file " << port_file << '\n';
    return 1;
  }
  loop.run();
  return 0;
}

}  // namespace dujiang::sim
