// Tells the service manager how the service is doing, by systemd's notification protocol (sd_notify(3)).
//
// The protocol is stable and a few lines of datagrams. libsystemd would do the same, and brings compression
// and crypto libraries into every process that only wants to say "ready".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace dujiang::adapters::systemd {

class ServiceManager {
 public:
  // Says nothing to anyone: what a program does that was not started by a service manager.
  ServiceManager() = default;

  // Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID from the environment of this process, and out of it,
  // so that a child does not speak for us.
  static ServiceManager from_environment();

  // `socket`: a path, or "@name" for an abstract one. `watchdog`: how long we may be silent.
  ServiceManager(std::string socket, std::optional<base::Duration> watchdog)
      : socket_(std::move(socket)), watchdog_(watchdog) {}

  // Requests are served from now on.
  void ready(std::string_view status) const;
  // A reload has begun; `now` is the monotonic clock's.
  void reloading(base::TimePoint now) const;
  // It has ended, well or not: requests are served as before it.
  void reloaded() const;
  // Draining; nothing new is taken.
  void stopping(std::string_view status) const;
  void alive() const;

  // The longest silence of alive() after which the service manager restarts us, where it watches at all.
  std::optional<base::Duration> watchdog() const { return watchdog_; }

 private:
  // A message that cannot be delivered is dropped: a service manager that is gone must not hurt the callers.
  void send(std::string_view message) const;

  std::string socket_;  // empty: nobody asked
  std::optional<base::Duration> watchdog_;
};

}  // namespace dujiang::adapters::systemd
