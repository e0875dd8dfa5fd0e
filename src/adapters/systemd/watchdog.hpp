// Tells the service manager in time that the loop still turns.
#pragma once

#include "adapters/systemd/service_manager.hpp"
#include "runtime/loop.hpp"

namespace dujiang::adapters::systemd {

// Speaks from the loop itself, twice per interval as sd_watchdog_enabled(3) asks: a loop that hangs falls
// silent, and is restarted. Does nothing where nobody watches.
class Watchdog : private runtime::Timer {
 public:
  Watchdog(runtime::Loop& loop, const ServiceManager& manager) : loop_(loop), manager_(manager) {
    if (manager_.watchdog()) loop_.arm_soon(*this);
  }

 private:
  void fire() override {
    manager_.alive();
    loop_.arm(*this, base::after(loop_.now(), *manager_.watchdog() / 2));
  }

  runtime::Loop& loop_;
  const ServiceManager& manager_;
};

}  // namespace dujiang::adapters::systemd
