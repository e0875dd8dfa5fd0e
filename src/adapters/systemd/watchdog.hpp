// Tells the service manager in time that every loop still turns.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "adapters/systemd/service_manager.hpp"
#include "runtime/loop.hpp"

namespace dujiang::adapters::systemd {

// Speaks from the loop itself, twice per interval as sd_watchdog_enabled(3) asks, and only when each of the
// other loops has answered: where one hangs it falls silent, and the service is restarted. Does nothing where
// nobody watches.
class Watchdog : private runtime::Timer {
 public:
  // The other loops run on threads of their own, until `loop` does not run any more.
  Watchdog(runtime::Loop& loop, std::vector<runtime::Loop*> others, const ServiceManager& manager);
  ~Watchdog() override;
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  // The others' answers to one question; read and written on `loop` alone.
  struct Round {
    const ServiceManager* manager;  // null: nobody waits for the answers any more
    std::size_t missing;
  };

  void fire() override;
  void ask_others();

  runtime::Loop& loop_;
  std::vector<runtime::Loop*> others_;
  const ServiceManager& manager_;
  std::shared_ptr<Round> round_;
};

}  // namespace dujiang::adapters::systemd
