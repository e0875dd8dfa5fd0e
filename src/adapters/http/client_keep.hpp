// How long a connection to an upstream is kept: between requests, and altogether. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/random.hpp"
#include "base/time.hpp"

namespace dujiang::adapters::http {

// When a connection opened at `opened` is to be given up, however busy it is: a kept one leads to the address
// that its name had then, and to the machine that a load balancer chose then. What was opened together, at a
// start or in a storm, does not go together: each has between three quarters of the greatest age and all.
inline base::TimePoint end_of_age(base::TimePoint opened, base::Duration max_age, base::Random& chance) {
  const double share = 0.75 + 0.25 * chance.uniform();
  return base::after(
      opened, base::Duration(static_cast<base::Duration::rep>(static_cast<double>(max_age.count()) * share)));
}

// Servers that keep connections do so for two seconds at least. One that rests for less time is hardly ever
// one that its peer is giving up just now.
inline constexpr base::Duration kShortRest = std::chrono::seconds(1);

struct Keeping {
  base::Duration idle_timeout{};
  std::optional<base::Duration> hint{};  // how long the peer says that it will keep it
  base::TimePoint end_of_age;
};

// Until when a connection that is at rest from `now` on may serve again; not after `now`: not at all.
constexpr base::TimePoint kept_until(base::TimePoint now, const Keeping& keeping) {
  // A second before the peer closes it, a request may still be on its way: end it first.
  constexpr base::Duration kMargin = std::chrono::seconds(1);
  base::Duration span = keeping.idle_timeout;
  if (keeping.hint) span = std::min(span, *keeping.hint - kMargin);
  return std::min(base::after(now, span), keeping.end_of_age);
}

}  // namespace dujiang::adapters::http
