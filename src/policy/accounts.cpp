#include "policy/accounts.hpp"

#include <algorithm>
#include <utility>

namespace dujiang::policy {

namespace {

constexpr base::Duration kFirstAbsence = std::chrono::minutes(10);
constexpr base::Duration kLongestAbsence = std::chrono::hours(2);

}  // namespace

void Accounts::Absence::begin(base::TimePoint now) {
  length = in() ? kFirstAbsence : std::min(length * 2, kLongestAbsence);
  until = base::after(now, length);
  probing = false;
}

bool Accounts::Absence::start_probe(base::TimePoint now) {
  if (!due(now)) return false;
  probing = true;
  return true;
}

Accounts::Accounts(const route::UpstreamSpec& spec) {
  for (const route::AccountSpec& account : spec.accounts) {
    Account& made = accounts_.emplace_back();
    made.max_concurrent = account.max_concurrent;
    if (!spec.pass_through_key) made.keys.resize(account.keys.size());
    if (spec.pass_through_key) break;
  }
  if (accounts_.empty()) accounts_.emplace_back();
}

std::optional<std::uint32_t> Accounts::usable_key(const Account& account, base::TimePoint now) {
  const auto count = static_cast<std::uint32_t>(account.keys.size());
  std::optional<std::uint32_t> found;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t key = (account.next_key + i) % count;
    if (account.keys[key].due(now)) return key;
    if (account.keys[key].in() && !found) found = key;
  }
  return found;
}

bool Accounts::is_due_for_probe(const Account& account, base::TimePoint now) {
  if (account.absence.due(now)) return true;
  return std::ranges::any_of(account.keys, [now](const Absence& key) { return key.due(now); });
}

bool Accounts::can_take(const Account& account, std::string_view model, base::TimePoint now) {
  if (!account.absence.usable(now)) return false;
  if (!account.keys.empty() && !usable_key(account, now)) return false;
  const auto use = account.use.find(model);
  if (use == account.use.end()) return account.max_concurrent != 0u;
  if (use->second.paused_until > now) return false;
  return !account.max_concurrent || use->second.slots < *account.max_concurrent;
}

bool Accounts::can_take(std::string_view model, base::TimePoint now) const {
  return std::ranges::any_of(accounts_, [&](const Account& a) { return can_take(a, model, now); });
}

std::optional<Accounts::Permit> Accounts::take(std::string_view model, base::TimePoint now) {
  std::optional<std::uint32_t> best;
  for (std::uint32_t i = 0; i < size(); ++i) {
    const std::uint32_t candidate = (next_account_ + i) % size();
    const Account& account = accounts_[candidate];
    if (!can_take(account, model, now)) continue;
    if (is_due_for_probe(account, now)) {
      best = candidate;
      break;
    }
    if (!best || slots_used(candidate, model) < slots_used(*best, model)) best = candidate;
  }
  if (!best) return std::nullopt;
  next_account_ = (*best + 1) % size();

  Account& account = accounts_[*best];
  Permit permit{.account = *best, .key = usable_key(account, now), .model = std::string(model)};
  permit.probes_account = account.absence.start_probe(now);
  if (permit.key) {
    permit.probes_key = account.keys[*permit.key].start_probe(now);
    account.next_key = (*permit.key + 1) % static_cast<std::uint32_t>(account.keys.size());
  }
  ++account.use[permit.model].slots;
  return permit;
}

void Accounts::release(const Permit& permit, base::TimePoint now) {
  Account& account = accounts_[permit.account];
  // A probe that told nothing: the next call tries again.
  if (permit.probes_account) account.absence.probing = false;
  if (permit.key && permit.probes_key) account.keys[*permit.key].probing = false;
  const auto use = account.use.find(permit.model);
  if (use == account.use.end()) return;
  if (use->second.slots > 0) --use->second.slots;
  if (use->second.slots == 0 && use->second.paused_until <= now) account.use.erase(use);
}

void Accounts::accepted(Permit& permit) {
  Account& account = accounts_[permit.account];
  if (std::exchange(permit.probes_account, false)) account.absence.end();
  if (permit.key && std::exchange(permit.probes_key, false)) account.keys[*permit.key].end();
}

bool Accounts::take_out(Permit& permit, Refused what, base::TimePoint now) {
  if (!permit.key) return false;
  Account& account = accounts_[permit.account];
  Absence& absence = what == Refused::key ? account.keys[*permit.key] : account.absence;
  bool& probes = what == Refused::key ? permit.probes_key : permit.probes_account;
  // Calls that were in flight when the first one was refused say the same again; only a probe counts anew.
  if (absence.in() || std::exchange(probes, false)) absence.begin(now);
  return true;
}

void Accounts::pause(const Permit& permit, base::TimePoint until, base::TimePoint now) {
  if (!permit.key) return;
  auto& uses = accounts_[permit.account].use;
  std::erase_if(uses,
                [now](const auto& use) { return use.second.slots == 0 && use.second.paused_until <= now; });
  Use& use = uses[permit.model];
  use.paused_until = std::max(use.paused_until, until);
}

base::TimePoint Accounts::back_at(const Account& account, base::TimePoint now) {
  const auto back = [now](const Absence& absence) {
    return absence.in() ? now : std::max(now, absence.until);
  };
  base::TimePoint key_back = account.keys.empty() ? now : base::kNever;
  for (const Absence& key : account.keys) key_back = std::min(key_back, back(key));
  return std::max(back(account.absence), key_back);
}

base::TimePoint Accounts::back_at(base::TimePoint now) const {
  base::TimePoint first = base::kNever;
  for (const Account& account : accounts_) first = std::min(first, back_at(account, now));
  return first;
}

base::TimePoint Accounts::next_change(std::string_view model, base::TimePoint now) const {
  base::TimePoint first = base::kNever;
  const auto note = [&](base::TimePoint at) {
    if (at > now) first = std::min(first, at);
  };
  for (const Account& account : accounts_) {
    if (!account.absence.in()) note(account.absence.until);
    for (const Absence& key : account.keys) {
      if (!key.in()) note(key.until);
    }
    if (auto use = account.use.find(model); use != account.use.end()) note(use->second.paused_until);
  }
  return first;
}

std::uint32_t Accounts::slots_used(std::uint32_t account, std::string_view model) const {
  const auto& uses = accounts_[account].use;
  const auto use = uses.find(model);
  return use == uses.end() ? 0 : use->second.slots;
}

}  // namespace dujiang::policy
