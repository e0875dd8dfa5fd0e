#include "policy/accounts.hpp"

#include <algorithm>
#include <utility>

namespace dujiang::policy {

namespace {

constexpr base::Duration kFirstAbsence = std::chrono::minutes(10);
constexpr base::Duration kLongestAbsence = std::chrono::hours(2);

// The name of the account where none is configured.
constexpr const char* kCallers = "caller";

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

void Accounts::adopt(const route::UpstreamSpec& spec) {
  std::vector<std::shared_ptr<Account>> adopted;
  const auto add = [&](const route::AccountSpec& account) {
    std::shared_ptr<Account> living = find(account.name);
    if (!living) living = std::make_shared<Account>(Account{.name = account.name});
    living->max_concurrent = account.max_concurrent;
    adopt_keys(*living, spec.pass_through_key ? std::vector<route::Secret>{} : account.keys);
    adopted.push_back(std::move(living));
  };
  for (const route::AccountSpec& account : spec.accounts) {
    add(account);
    if (spec.pass_through_key) break;
  }
  if (adopted.empty()) add({.name = kCallers, .keys = {}, .max_concurrent = {}});
  accounts_ = std::move(adopted);
}

void Accounts::adopt_keys(Account& account, const std::vector<route::Secret>& secrets) {
  std::vector<std::shared_ptr<Key>> adopted;
  bool some_remain = false;
  for (const route::Secret& secret : secrets) {
    const auto same = [&](const std::shared_ptr<Key>& key) {
      return key->secret.reveal() == secret.reveal();
    };
    const auto known = std::ranges::find_if(account.keys, same);
    some_remain = some_remain || known != account.keys.end();
    adopted.push_back(known == account.keys.end() ? std::make_shared<Key>(Key{.secret = secret}) : *known);
  }
  if (!some_remain) account.absence.end();
  account.keys = std::move(adopted);
}

std::shared_ptr<Accounts::Account> Accounts::find(std::string_view name) const {
  const auto named = [name](const std::shared_ptr<Account>& account) { return account->name == name; };
  const auto found = std::ranges::find_if(accounts_, named);
  return found == accounts_.end() ? nullptr : *found;
}

std::optional<std::size_t> Accounts::usable_key(const Account& account, base::TimePoint now) {
  const std::size_t count = account.keys.size();
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t key = (account.next_key + i) % count;
    const Absence& absence = account.keys[key]->absence;
    if (absence.due(now)) return key;
    if (absence.in() && !found) found = key;
  }
  return found;
}

bool Accounts::is_due_for_probe(const Account& account, base::TimePoint now) {
  if (account.absence.due(now)) return true;
  return std::ranges::any_of(account.keys, [now](const auto& key) { return key->absence.due(now); });
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
  return std::ranges::any_of(accounts_, [&](const auto& account) { return can_take(*account, model, now); });
}

std::optional<Accounts::Permit> Accounts::take(std::string_view model, base::TimePoint now) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < size(); ++i) {
    const std::size_t candidate = (next_account_ + i) % size();
    const Account& account = *accounts_[candidate];
    if (!can_take(account, model, now)) continue;
    if (is_due_for_probe(account, now)) {
      best = candidate;
      break;
    }
    if (!best || account.slots_used(model) < accounts_[*best]->slots_used(model)) best = candidate;
  }
  if (!best) return std::nullopt;
  next_account_ = (*best + 1) % size();

  Account& account = *accounts_[*best];
  Permit permit{.account = accounts_[*best], .model = std::string(model)};
  const auto key = usable_key(account, now);
  permit.probes_account = account.absence.start_probe(now);
  if (key) {
    permit.key = account.keys[*key];
    permit.probes_key = permit.key->absence.start_probe(now);
    account.next_key = (*key + 1) % account.keys.size();
  }
  ++account.use[permit.model].slots;
  return permit;
}

void Accounts::release(const Permit& permit, base::TimePoint now) {
  Account& account = *permit.account;
  // A probe that told nothing: the next call tries again.
  if (permit.probes_account) account.absence.probing = false;
  if (permit.key && permit.probes_key) permit.key->absence.probing = false;
  const auto use = account.use.find(permit.model);
  if (use == account.use.end()) return;
  if (use->second.slots > 0) --use->second.slots;
  if (use->second.slots == 0 && use->second.paused_until <= now) account.use.erase(use);
}

void Accounts::accepted(Permit& permit) {
  if (std::exchange(permit.probes_account, false)) permit.account->absence.end();
  if (permit.key && std::exchange(permit.probes_key, false)) permit.key->absence.end();
}

bool Accounts::take_out(Permit& permit, Refused what, base::TimePoint now) {
  if (!permit.key) return false;
  // What a key that is gone is told says nothing about those that are there.
  if (std::ranges::find(permit.account->keys, permit.key) == permit.account->keys.end()) return true;
  Absence& absence = what == Refused::key ? permit.key->absence : permit.account->absence;
  bool& probes = what == Refused::key ? permit.probes_key : permit.probes_account;
  // Calls that were in flight when the first one was refused say the same again; only a probe counts anew.
  if (absence.in() || std::exchange(probes, false)) absence.begin(now);
  return true;
}

void Accounts::pause(const Permit& permit, base::TimePoint until, base::TimePoint now) {
  if (!permit.key) return;
  auto& uses = permit.account->use;
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
  for (const auto& key : account.keys) key_back = std::min(key_back, back(key->absence));
  return std::max(back(account.absence), key_back);
}

base::TimePoint Accounts::back_at(base::TimePoint now) const {
  base::TimePoint first = base::kNever;
  for (const auto& account : accounts_) first = std::min(first, back_at(*account, now));
  return first;
}

base::TimePoint Accounts::next_change(std::string_view model, base::TimePoint now) const {
  base::TimePoint first = base::kNever;
  const auto note = [&](base::TimePoint at) {
    if (at > now) first = std::min(first, at);
  };
  for (const auto& account : accounts_) {
    if (!account->absence.in()) note(account->absence.until);
    for (const auto& key : account->keys) {
      if (!key->absence.in()) note(key->absence.until);
    }
    if (auto use = account->use.find(model); use != account->use.end()) note(use->second.paused_until);
  }
  return first;
}

std::uint32_t Accounts::slots_used(std::string_view account, std::string_view model) const {
  const auto found = find(account);
  return found ? found->slots_used(model) : 0;
}

std::uint32_t Accounts::Account::slots_used(std::string_view model) const {
  const auto found = use.find(model);
  return found == use.end() ? 0 : found->second.slots;
}

}  // namespace dujiang::policy
