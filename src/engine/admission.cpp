#include "engine/admission.hpp"

#include <utility>

#include "runtime/elsewhere.hpp"

namespace dujiang::engine {

Permit::~Permit() {
  if (!grant_.upstream) return;
  runtime::Loop& home = grant_.upstream->home();
  if (&here_ == &home) {
    grant_.upstream->release(grant_.right);
  } else {
    home.post([grant = std::move(grant_)] { grant.upstream->release(grant.right); });
  }
}

void Permit::accepted() {
  policy::Accounts::Permit& right = grant_.right;
  if (!right.probes_account && !right.probes_key) return;  // nothing was in doubt
  runtime::tell(here_, grant_.upstream->home(),
                [upstream = grant_.upstream, right] { upstream->accepted(right); });
  right.probes_account = right.probes_key = false;
}

void Permit::pause_until(base::TimePoint until) {
  runtime::tell(here_, grant_.upstream->home(),
                [upstream = grant_.upstream, right = grant_.right, until] { upstream->pause(right, until); });
}

runtime::Task<Permit::TakenOut> Permit::take_out(policy::Accounts::Refused what, api::ApiError why) {
  policy::Accounts::Permit& right = grant_.right;
  if (!right.key) co_return TakenOut{};
  const bool another_in = co_await runtime::call_on(
      here_, grant_.upstream->home(), [upstream = grant_.upstream, right, what, why = std::move(why)] {
        return upstream->take_out(right, what, why);
      });
  (what == policy::Accounts::Refused::key ? right.probes_key : right.probes_account) = false;
  co_return TakenOut{.out = true, .another_in = another_in};
}

Admission::Admission(runtime::Loop& here, std::shared_ptr<Upstream> upstream, policy::QueueEntry entry)
    : here_(here), upstream_(std::move(upstream)), changed_(here) {
  if (&here_ == &upstream_->home()) {
    id_ = upstream_->enter(std::move(entry), [this](Admitted outcome) { settle(std::move(outcome)); });
  } else {
    enter_from_afar(std::move(entry));
  }
}

void Admission::enter_from_afar(policy::QueueEntry entry) {
  place_ = std::make_shared<Place>(this);
  upstream_->home().post(
      [&here = here_, upstream = upstream_, place = place_, entry = std::move(entry)]() mutable {
        const auto tell = [&here, place](Admitted outcome) {
          here.post([&here, place, outcome = std::move(outcome)]() mutable {
            if (place->admission != nullptr) {
              place->admission->settle(std::move(outcome));
            } else if (outcome.grant) {
              const Permit unused(here, std::move(*outcome.grant));
            }
          });
        };
        place->id = upstream->enter(std::move(entry), tell);
      });
}

Admission::~Admission() {
  if (outcome_.grant) const Permit unused = take();
  if (!place_) {
    if (state() == State::waiting) upstream_->leave(id_);
    return;
  }
  place_->admission = nullptr;
  if (state() != State::waiting) return;
  upstream_->home().post([upstream = upstream_, place = place_] { upstream->leave(place->id); });
}

void Admission::settle(Admitted outcome) {
  outcome_ = std::move(outcome);
  changed_.notify();
}

Permit Admission::take() {
  Permit permit(here_, std::move(*outcome_.grant));
  outcome_.grant.reset();
  return permit;
}

}  // namespace dujiang::engine
