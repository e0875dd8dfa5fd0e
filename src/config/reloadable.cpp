#include "config/reloadable.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <string>

namespace dujiang::config {
namespace {

void must_stay(Reader& reader, const std::string& path, const std::string& running, const std::string& next) {
  if (running == next) return;
  reader.problem_at(path,
                    fmt::format("is `{}` now, but the gateway was started with `{}`; changing it needs a "
                                "restart, and until then nothing else of this file comes into force",
                                next, running));
}

void check_listener(const ListenerSettings& running, const ListenerSettings& next, const std::string& path,
                    Reader& reader) {
  must_stay(reader, path + ".address", running.address, next.address);
  must_stay(reader, path + ".port", std::to_string(running.port), std::to_string(next.port));
  must_stay(reader, path + ".unix", running.unix_path.value_or("none"), next.unix_path.value_or("none"));
  must_stay(reader, path + ".unix_mode", fmt::format("{:04o}", running.unix_mode),
            fmt::format("{:04o}", next.unix_mode));
  must_stay(reader, path + ".proxy_protocol", running.proxy_protocol ? "true" : "false",
            next.proxy_protocol ? "true" : "false");
  const CertificateFiles none{.certificate = "none", .key = "none"};
  const CertificateFiles& before = running.tls ? *running.tls : none;
  const CertificateFiles& after = next.tls ? *next.tls : none;
  must_stay(reader, path + ".tls.certificate", before.certificate, after.certificate);
  must_stay(reader, path + ".tls.key", before.key, after.key);
}

}  // namespace

void check_reloadable(const Config& running, const Config& next, Reader& reader) {
  must_stay(reader, "loops", std::to_string(running.loops), std::to_string(next.loops));
  check_listener(running.listen, next.listen, "listen", reader);
  const auto& before = running.listen.also;
  const auto& after = next.listen.also;
  if (before.size() != after.size()) {
    must_stay(reader, "listen.also", fmt::format("{} listeners", before.size()),
              fmt::format("{} listeners", after.size()));
    return;
  }
  for (std::size_t i = 0; i < after.size(); ++i) {
    check_listener(before[i], after[i], fmt::format("listen.also[{}]", i), reader);
  }
}

}  // namespace dujiang::config
