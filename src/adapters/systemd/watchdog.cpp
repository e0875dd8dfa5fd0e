#include "adapters/systemd/watchdog.hpp"

#include <utility>

namespace dujiang::adapters::systemd {

Watchdog::Watchdog(runtime::Loop& loop, std::vector<runtime::Loop*> others, const ServiceManager& manager)
    : loop_(loop), others_(std::move(others)), manager_(manager) {
  if (manager_.watchdog()) loop_.arm_soon(*this);
}

Watchdog::~Watchdog() {
  if (round_) round_->manager = nullptr;
}

void Watchdog::fire() {
  loop_.arm(*this, base::after(loop_.now(), *manager_.watchdog() / 2));
  if (others_.empty()) return manager_.alive();
  // As long as one has not answered, nothing is said, and it is not asked again.
  if (!round_ || round_->missing == 0) ask_others();
}

void Watchdog::ask_others() {
  round_ = std::make_shared<Round>(Round{.manager = &manager_, .missing = others_.size()});
  for (runtime::Loop* other : others_) {
    other->post([&here = loop_, round = round_]() mutable {
      here.post([round = std::move(round)] {
        if (--round->missing == 0 && round->manager != nullptr) round->manager->alive();
      });
    });
  }
}

}  // namespace dujiang::adapters::systemd
