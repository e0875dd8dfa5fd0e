// bench-upstream: what the benchmarks' contestants call.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>

#include "upstream.hpp"

namespace {

using namespace dujiang::bench;

struct Options {
  std::string port_file;
  std::string certificate_file, key_file;
  std::size_t events = 200;
  double interval = 0.05;  // seconds
};

void write_port(std::uint16_t port, const std::string& file) {
  const std::string partial = file + ".partial";
  std::ofstream(partial) << port;
  std::filesystem::rename(partial, file);
}

void serve(const Options& options) {
  const TlsContext tls =
      options.certificate_file.empty() ? nullptr : tls_server(options.certificate_file, options.key_file);
  const int listener = listen_on_loopback();
  Upstream upstream(listener, tls.get(), options.events, static_cast<Nanoseconds>(options.interval * 1e9));
  write_port(port_of(listener), options.port_file);
  upstream.serve(std::numeric_limits<Nanoseconds>::max());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Answers each chat request at once: 600 bytes, or a stream whose events say when they were made.");
  Options options;
  app.add_option("--port-file", options.port_file, "file that gets the port")->required();
  app.add_option("--certificate", options.certificate_file, "speak TLS with this PEM file");
  app.add_option("--key", options.key_file, "its key");
  app.add_option("--events", options.events, "events of a stream")->check(CLI::PositiveNumber);
  app.add_option("--interval", options.interval, "seconds between two events");
  CLI11_PARSE(app, argc, argv);
  try {
    serve(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench-upstream: {}\n", error.what());
    return 1;
  }
}
