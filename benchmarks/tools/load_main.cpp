// bench-load: loads a server with chat requests or streams, and prints one line of JSON about what came back.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <limits>
#include <stdexcept>

#include "load.hpp"

namespace {

using namespace dujiang::bench;

struct Options {
  std::uint16_t port = 0;
  std::string ca_file;
  std::string key = "sk-bench";
  std::vector<std::string> fields;
  bool rewrites = false;
  std::size_t connections = 32;
  double rate = 0;
  double seconds = 10;
  double warm_up = 2;
  std::vector<int> watched;
  bool hold = false;
  std::size_t events = 200;
  double start_every = 0.0005;  // seconds
};

constexpr Nanoseconds kReadyWithin = 120 * kSecond;
constexpr Nanoseconds kTick = 50 * kMillisecond;

Nanoseconds nanoseconds(double seconds) { return static_cast<Nanoseconds>(seconds * 1e9); }

void drive_until(Load& load, Nanoseconds end) {
  for (Nanoseconds at = now(); at < end; at = now()) load.fleet().turn(std::min(load.act(at), end));
}

bool stdin_is_open() {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return poll(&input, 1, 0) == 0;
}

int run(Load& load, Measure& measure, const Options& options, const std::string& noun) {
  const Nanoseconds give_up = now() + kReadyWithin;
  while (!load.is_ready()) {
    if (now() > give_up)
      throw std::runtime_error("not every connection was served in time: " + measure.json(noun));
    load.fleet().turn(std::min(load.act(now()), now() + kTick));
  }
  load.start(now());
  if (options.hold) {
    fmt::print("ready\n");
    std::fflush(stdout);
    measure.begin();
    while (stdin_is_open()) drive_until(load, now() + kTick);
  } else {
    drive_until(load, now() + nanoseconds(options.warm_up));
    measure.begin();
    drive_until(load, now() + nanoseconds(options.seconds));
  }
  measure.end();
  fmt::print("{}\n", measure.json(noun));
  return 0;
}

int run_requests(const Options& options, const Peer& peer) {
  const auto pace = options.hold       ? RequestLoad::Pace::once
                    : options.rate > 0 ? RequestLoad::Pace::scheduled
                                       : RequestLoad::Pace::back_to_back;
  const double most_a_second = options.rate > 0 ? options.rate : 50'000;
  Measure measure(options.watched, static_cast<std::size_t>(most_a_second * (options.seconds + 1)));
  RequestLoad load(peer, options.connections, pace, options.rate > 0 ? nanoseconds(1 / options.rate) : 0,
                   measure);
  return run(load, measure, options, "requests");
}

int run_streams(const Options& options, const Peer& peer) {
  Measure measure(options.watched, 1'000'000);
  StreamLoad load(peer, options.connections, nanoseconds(options.start_every), options.events, measure);
  return run(load, measure, options, "events");
}

void add_common(CLI::App& command, Options& options) {
  command.add_option("--port", options.port, "port of this machine to call")->required();
  command.add_option("--ca", options.ca_file, "speak TLS, and trust this PEM file");
  command.add_option("--key", options.key, "bearer key of the caller");
  command.add_option("--field", options.fields,
                     "a header field of each request, as `name: value`; may be repeated");
  command.add_flag("--rewrites", options.rewrites,
                   "an answer may have other bytes, as long as it says the same");
  command.add_option("--connections", options.connections, "connections, all open from the beginning");
  command.add_option("--seconds", options.seconds, "time that is measured");
  command.add_option("--warm-up", options.warm_up, "seconds before it");
  command.add_option("--watch", options.watched, "processes whose CPU time is measured");
  command.add_flag("--hold", options.hold,
                   "print `ready` once every connection is served; go on until stdin ends");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Loads a server of this machine, and prints one line of JSON about what came back.");
  app.require_subcommand(1);
  Options options;
  CLI::App& requests = *app.add_subcommand("requests", "chat requests; with --hold, one on each connection");
  add_common(requests, options);
  requests.add_option("--rate", options.rate, "requests a second, on schedule; without it back to back");
  CLI::App& streams = *app.add_subcommand("streams", "streams, one after another on each connection");
  add_common(streams, options);
  streams.add_option("--events", options.events, "events that each stream has");
  streams.add_option("--start-every", options.start_every, "seconds between the beginnings of two streams");
  CLI11_PARSE(app, argc, argv);
  try {
    const TlsContext tls = options.ca_file.empty() ? nullptr : tls_client(options.ca_file);
    Peer peer{.port = options.port, .tls = tls.get(), .key = options.key, .rewrites = options.rewrites};
    for (const std::string& field : options.fields) peer.fields += field + "\r\n";
    return requests.parsed() ? run_requests(options, peer) : run_streams(options, peer);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench-load: {}\n", error.what());
    return 1;
  }
}
