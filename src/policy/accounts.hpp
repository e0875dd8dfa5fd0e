// Which account and key of an upstream makes the next call, and which are out of use for now.
//
// A provider counts by account, so slots are counted per (account, model), however many keys an account has.
// A refused key (401) is taken out by itself; an account without money (402) with all its keys. Both stay out
// for long, 10 minutes, since nothing but a person can help; then one call at a time is let through as a
// probe: if it works all is well again, if it is refused the absence doubles, up to 2 hours. A full account
// (429) only pauses for that model and needs no probe. An account without keys lends its callers' own: what
// is refused there says nothing about the next caller, so it is never taken out and never paused.
//
// A change of configuration keeps what is known: by the account's name, and of a key by the key itself. An
// account none of whose keys remain is another one to its provider, so its absence ends.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "route/spec.hpp"

namespace dujiang::policy {

class Accounts {
  struct Account;
  struct Key;

 public:
  // The right to one call, from take() to release(). It stays good over a change of configuration, even where
  // its account or key is gone.
  struct Permit {
    std::shared_ptr<Account> account{};
    std::shared_ptr<Key> key{};   // null: the caller's own, or none
    bool probes_account = false;  // let through to see whether it is well again
    bool probes_key = false;
    std::string model{};

    const std::string& account_name() const { return account->name; }
    std::string_view secret() const { return key ? std::string_view(key->secret.reveal()) : ""; }
  };

  enum class Refused : std::uint8_t { key, account };  // 401; 402 and other verdicts on the account

  // With `pass_through_key`, or without accounts, there is one account without keys.
  explicit Accounts(const route::UpstreamSpec& spec) { adopt(spec); }

  // Goes on with other accounts, keys and limits.
  void adopt(const route::UpstreamSpec& spec);

  // Whether take() would succeed.
  bool can_take(std::string_view model, base::TimePoint now) const;

  // A slot on the account with the fewest calls of that model in flight, in turn among equals; an account or
  // key that is due for a probe goes first. Its keys take turns.
  std::optional<Permit> take(std::string_view model, base::TimePoint now);

  // The call has ended, whatever came of it.
  void release(const Permit& permit, base::TimePoint now);

  // The provider has accepted the credentials: a probe brings its account and key back.
  void accepted(Permit& permit);

  // Whether what was refused is out of use now; not so if it is the caller's own.
  bool take_out(Permit& permit, Refused what, base::TimePoint now);

  // A transient 429: no more calls of that model on that account before `until`.
  void pause(const Permit& permit, base::TimePoint until, base::TimePoint now);

  // When some account is in, slots aside: `now`, or the end of the shortest absence.
  base::TimePoint back_at(base::TimePoint now) const;

  // The earliest instant after `now` at which can_take() may turn true by time alone; kNever if none.
  base::TimePoint next_change(std::string_view model, base::TimePoint now) const;

  // 0 for an account that is not there.
  std::uint32_t slots_used(std::string_view account, std::string_view model) const;
  std::size_t size() const { return accounts_.size(); }

 private:
  // Whether an account or a key is in use, out until an instant, or let through once to see.
  struct Absence {
    base::Duration length{0};  // 0: in
    base::TimePoint until{};
    bool probing = false;

    bool in() const { return length == base::Duration{0}; }
    bool due(base::TimePoint now) const { return !in() && !probing && until <= now; }
    bool usable(base::TimePoint now) const { return in() || due(now); }
    void begin(base::TimePoint now);
    bool start_probe(base::TimePoint now);
    void end() { *this = {}; }
  };

  struct Use {
    std::uint32_t slots = 0;
    base::TimePoint paused_until{base::TimePoint::min()};
  };

  struct Key {
    route::Secret secret;
    Absence absence{};
  };

  struct Account {
    std::string name{};
    std::optional<std::uint32_t> max_concurrent{};
    Absence absence{};
    std::vector<std::shared_ptr<Key>> keys{};
    std::size_t next_key = 0;
    std::map<std::string, Use, std::less<>> use{};  // by model; only those in use or paused

    std::uint32_t slots_used(std::string_view model) const;
  };

  std::shared_ptr<Account> find(std::string_view name) const;
  static void adopt_keys(Account& account, const std::vector<route::Secret>& secrets);
  static std::optional<std::size_t> usable_key(const Account& account, base::TimePoint now);
  static bool is_due_for_probe(const Account& account, base::TimePoint now);
  static bool can_take(const Account& account, std::string_view model, base::TimePoint now);
  static base::TimePoint back_at(const Account& account, base::TimePoint now);

  std::vector<std::shared_ptr<Account>> accounts_;
  std::size_t next_account_ = 0;
};

}  // namespace dujiang::policy
