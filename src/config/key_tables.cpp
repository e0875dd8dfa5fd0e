// The maps of the callers' keys.
#include "config/net_codec.hpp"
#include "config/shape.hpp"

namespace dujiang::config {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kMakeOne = "as `dujiang key new NAME` prints it";

Codec<std::string> key_id() {
  const std::string type = "an id of 8 characters, " + std::string(kMakeOne);
  return {"id", type,
          [=](Reader& reader, const YamlNode& node, const std::string& path, std::string& into) {
            const auto text = reader.scalar(node, path, type);
            if (!text) return;
            if (route::is_key_id(*text)) {
              into = *text;
            } else {
              reader.problem(node.line, path, "must be " + type);
            }
          },
          [](const std::string& id) { return id.empty() ? Value{} : Value::string(id); }};
}

// What is wrong is not shown: someone may have put the key itself here.
Codec<route::SaltedHash> salted_hash() {
  const std::string type = "`sha256:SALT:DIGEST`, " + std::string(kMakeOne);
  return {"`sha256:SALT:DIGEST`", type,
          [=](Reader& reader, const YamlNode& node, const std::string& path, route::SaltedHash& into) {
            const auto text = reader.scalar(node, path, type);
            if (!text) return;
            if (const auto hash = route::parse_salted_hash(*text)) {
              into = *hash;
            } else {
              reader.problem(node.line, path, "must be " + type);
            }
          },
          [](const route::SaltedHash& hash) {
            return hash == route::SaltedHash{} ? Value{} : Value::string(route::to_text(hash));
          }};
}

}  // namespace

const Table<route::CallerRateSpec>& caller_rate_table() {
  using S = route::CallerRateSpec;
  static const Table<S> table{
      "caller_keys.keys[].rate_limit",
      "Calls a second with this key. What is too much waits in the queue while that helps, and is answered "
      "429 with `Retry-After` where it does not.",
      {
          required(field<S>(
              "per_second", [](auto& rate) -> auto& { return rate.limit.per_second; }, number(0.001, 1e6),
              "Calls a second.")),
          field<S>(
              "burst", [](auto& rate) -> auto& { return rate.limit.burst; }, number(1, 1e6),
              "Calls that may go at once after a pause."),
          field<S>("max_wait", &S::max_wait, optional_of(duration(0ms, 1h)),
                   "Time that a call may wait for its turn; without it to its deadline."),
      }};
  return table;
}

const Table<route::CallerKeySpec>& caller_key_table() {
  using S = route::CallerKeySpec;
  static const Table<S> table{
      "caller_keys.keys[]",
      "One key. `dujiang key new NAME` makes it and prints this entry; the key itself is kept nowhere.",
      {
          required(field<S>("name", &S::name, name(),
                            "Name of the caller, in logs and metrics; two keys may share it, while one takes "
                            "over from the other.")),
          required(field<S>("id", &S::id, key_id(), "Second part of the key.")),
          required(field<S>("hash", &S::hash, salted_hash(), "What is kept of the key.")),
          field<S>("routes", &S::routes, list_of(name()), "Routes that it may use; without it all of them."),
          field<S>("caller_class", &S::caller_class, optional_of(word({"core", "standard", "background"})),
                   "Class of its calls in the queue; without it the route's."),
          field<S>("rate_limit", &S::rate_limit, optional_of(object(caller_rate_table())),
                   "Calls a second; without it there is no limit."),
          field<S>("deadline", &S::deadline, optional_of(duration(100ms, 24h)),
                   "Longest time from a request to its end; the route's clocks and the caller's own deadline "
                   "may be shorter."),
          field<S>("max_body", &S::max_body, optional_of(bytes(1 << 10, 1 << 30)),
                   "Size of a request's body, where that is less than `listen.max_body`."),
          field<S>("balance", &S::balance, boolean(),
                   "Whether it may ask for the balance of your account (`/user/balance`)."),
          field<S>("metrics", &S::metrics, boolean(), "Whether it may read `/metrics` from other machines."),
      }};
  return table;
}

const Table<CallerKeys>& caller_keys_table() {
  using S = CallerKeys;
  static const Table<S> table{
      "caller_keys",
      "Who may call: with it every request needs a key that is listed here or in the file, as "
      "`Authorization: "
      "Bearer KEY` or `x-api-key: KEY`. `/healthz` and `/readyz` stay open, `/metrics` from this machine.",
      {
          field<S>("keys", &S::keys, list_of(object(caller_key_table()), 10'000), "The keys."),
          field<S>("keys_file", &S::keys_file, optional_of(file()),
                   "File of more keys, one `- {name: …, id: …, hash: …}` a line; relative to this file."),
      }};
  return table;
}

}  // namespace dujiang::config
