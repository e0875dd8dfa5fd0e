// What a wrong file gets to hear, word for word.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "unit/config/fake_environment.hpp"

namespace dujiang::config {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Refusal {
  std::string_view name;
  std::string_view yaml;
  std::string_view says;
};

// The least configuration follows each of these, so that only what is shown is wrong.
constexpr Refusal kAtTheTop[] = {
    {"unknown_key_with_a_guess", "lisen:\n  port: 1\n",
     "f.yaml:1: lisen: is not a known key; did you mean `listen`?\n"},
    {"unknown_key_with_swapped_letters", "listen:\n  prot: 1\n",
     "f.yaml:2: listen.prot: is not a known key; did you mean `port`?\n"},
    {"unknown_key_without_a_guess", "drain:\n  patience: 1s\n",
     "f.yaml:2: drain.patience: is not a known key; known are `notice`, `grace`\n"},
    {"integer_out_of_range", "listen:\n  port: 70000\n",
     "f.yaml:2: listen.port: is `70000`, but must be a whole number from 0 to 65535\n"},
    {"integer_that_is_a_word", "listen: {port: http}\n",
     "f.yaml:1: listen.port: is `http`, but must be a whole number from 0 to 65535\n"},
    {"negative_integer", "listen: {port: -1}\n",
     "f.yaml:1: listen.port: is `-1`, but must be a whole number from 0 to 65535\n"},
    {"duration_without_unit", "drain: {grace: 30}\n",
     "f.yaml:1: drain.grace: is `30`, but must be a duration with its unit, like 500ms, 10s, 1m30s or 2h, "
     "from 0s to "
     "2h\n"},
    {"duration_with_unknown_unit", "drain: {grace: 2 weeks}\n",
     "f.yaml:1: drain.grace: is `2 weeks`, but must be a duration with its unit, like 500ms, 10s, 1m30s or "
     "2h, from "
     "0s to 2h\n"},
    {"duration_too_long", "drain: {grace: 3h}\n",
     "f.yaml:1: drain.grace: is `3h`, but must be a duration with its unit, like 500ms, 10s, 1m30s or 2h, "
     "from 0s to "
     "2h\n"},
    {"size_with_unknown_unit", "listen: {max_body: 16Mb}\n",
     "f.yaml:1: listen.max_body: is `16Mb`, but must be a size like 64KiB or 16MiB, from 1KiB to 1GiB\n"},
    {"boolean_of_another_language", "insecure: yes\n",
     "f.yaml:1: insecure: is `yes`; known are `true`, `false`\n"},
    {"list_where_a_scalar_must_be", "insecure: [true]\n",
     "f.yaml:1: insecure: is a list, but must be `true` or `false`\n"},
    {"map_where_a_scalar_must_be", "insecure: {a: b}\n",
     "f.yaml:1: insecure: is a map, but must be `true` or `false`\n"},
    {"nothing_where_a_scalar_must_be", "insecure:\n",
     "f.yaml:1: insecure: has no value; give `true` or `false`, or remove the key\n"},
    {"scalar_where_a_map_must_be", "listen: 8080\n",
     "f.yaml:1: listen: must be a map: lines of `key: value`\n"},
    {"scalar_where_a_list_must_be", "listen: {allowed_hosts: gateway.example}\n",
     "f.yaml:1: listen.allowed_hosts: must be a list: lines that begin with `- `, or [a, b]\n"},
    {"wrong_element", "listen:\n  allowed_hosts:\n    - good.example\n    - bad host\n",
     "f.yaml:4: listen.allowed_hosts[1]: has a host that cannot be one; it must be a host like "
     "gateway.example or "
     "gateway.example:8080\n"},
    {"origin_with_path", "listen: {allowed_origins: [\"https://app.example/\"]}\n",
     "f.yaml:1: listen.allowed_origins[0]: has more than scheme, host and port; it must be an origin like "
     "https://app.example\n"},
    {"address_that_is_a_name", "listen: {address: localhost}\n",
     "f.yaml:1: listen.address: is no numeric IP address; it must be an IP address like 127.0.0.1 or ::1\n"},
    {"address_that_others_reach", "listen:\n  address: 0.0.0.0\n",
     "f.yaml:2: listen.address: `0.0.0.0` can be reached from other machines, and whoever reaches it spends "
     "your keys; "
     "bind 127.0.0.1, give `caller_keys`, or say `insecure: true` if that is meant\n"},
    {"choice_with_a_guess", "log: {level: warn}\n",
     "f.yaml:1: log.level: is `warn`; known are `info`, `warning`, `off`\n"},
    {"variable_not_set", "listen:\n  port: ${GATEWAY_PORT}\n",
     "f.yaml:2: listen.port: the environment variable GATEWAY_PORT is not set; set it, or write "
     "${GATEWAY_PORT:-default}\n"},
    {"variable_that_is_empty", "listen: {port: \"${EMPTY}\"}\n",
     "f.yaml:1: listen.port: the environment variable EMPTY is empty; set it, or write ${EMPTY:-default}\n"},
    {"variable_of_a_shell", "listen: {port: \"${PORT:?}\"}\n",
     "f.yaml:1: listen.port: a variable is written ${NAME} or ${NAME:-default}; a dollar sign is written "
     "$$\n"},
    {"variable_without_an_end", "listen: {port: \"${PORT\"}\n",
     "f.yaml:1: listen.port: a ${ has no closing }; a dollar sign is written $$\n"},
    {"wrong_value_of_a_variable_is_not_shown", "listen: {port: \"${SECRET}\"}\n",
     "f.yaml:1: listen.port: is `${SECRET}`, but must be a whole number from 0 to 65535\n"},
    {"relay_to_nobody", "relay_unknown_paths_to: deepsek\n",
     "f.yaml:1: relay_unknown_paths_to: there is no upstream `deepsek`; did you mean `deepseek`?\n"},
    {"default_out_of_range", "defaults:\n  retries: {max_attempts: 1001}\n",
     "f.yaml:2: defaults.retries.max_attempts: is `1001`, but must be a whole number from 0 to 1000\n"},
    {"merge_key", "defaults:\n  <<: {}\n",
     "f.yaml:2: defaults.<<: is not a known key; known are `clocks`, `retries`\n"},
};

TEST(Refusals, name_line_key_fault_and_remedy) {
  const FakeEnvironment environment{{{"EMPTY", ""}, {"SECRET", "sk-do-not-show"}}, {}};
  for (const Refusal& refusal : kAtTheTop) {
    EXPECT_EQ(problems_of(std::string(refusal.yaml) + std::string(kLeast), environment), refusal.says)
        << refusal.name;
  }
}

// An upstream and a route, of which one thing is wrong; the rest is right.
std::string with_upstream(std::string_view lines) {
  return "version: 1\nupstreams:\n  - name: a\n" + std::string(lines) +
         "routes:\n  - name: all\n    match: \"*\"\n    targets: [{upstream: a}]\n";
}

constexpr Refusal kUpstreams[] = {
    {"no_url", "", "f.yaml:3: upstreams[0]: needs `base_url: https://…` or `endpoints`\n"},
    {"two_ways_to_give_urls", "    base_url: http://x\n    endpoints: [{url: \"http://y\"}]\n",
     "f.yaml:5: upstreams[0].endpoints: stands beside `base_url`; write every URL here, or only "
     "`base_url`\n"},
    {"url_without_scheme", "    base_url: api.deepseek.com\n",
     "f.yaml:4: upstreams[0].base_url: does not begin with https:// or http://; it must be a URL like "
     "https://api.deepseek.com or http://127.0.0.1:11434/v1\n"},
    {"url_with_a_key", "    base_url: https://sk-do-not-show@api.deepseek.com\n",
     "f.yaml:4: upstreams[0].base_url: holds a user name or key, which belong into `api_key`; it must be a "
     "URL like "
     "https://api.deepseek.com or http://127.0.0.1:11434/v1\n"},
    {"url_with_a_query", "    base_url: https://x/v1?key=sk-do-not-show\n",
     "f.yaml:4: upstreams[0].base_url: has a query or a fragment; it must be a URL like "
     "https://api.deepseek.com or "
     "http://127.0.0.1:11434/v1\n"},
    {"url_with_a_wrong_port", "    base_url: https://x:99999/v1\n",
     "f.yaml:4: upstreams[0].base_url: has a port that is not 1 to 65535; it must be a URL like "
     "https://api.deepseek.com or http://127.0.0.1:11434/v1\n"},
    {"url_with_a_broken_escape", "    base_url: https://x/%zz\n",
     "f.yaml:4: upstreams[0].base_url: is no URL; it must be a URL like https://api.deepseek.com or "
     "http://127.0.0.1:11434/v1\n"},
    {"unknown_dialect", "    base_url: http://x\n    dialect: deepseak\n",
     "f.yaml:5: upstreams[0].dialect: is `deepseak`; did you mean `deepseek`?\n"},
    {"key_with_a_line_end", "    base_url: http://x\n    api_key: \"sk-do-not-show\\r\\nhost: evil\"\n",
     "f.yaml:5: upstreams[0].api_key: holds a space, a line end or another character that a key can't "
     "have\n"},
    {"key_twice", "    base_url: http://x\n    api_key: sk-do-not-show\n    key_file: keys\n",
     "f.yaml:6: upstreams[0].key_file: stands beside `api_key`; keep one of them\n"},
    {"key_beside_accounts",
     "    base_url: http://x\n    api_key: k\n    accounts: [{name: one, keys: [k]}]\n",
     "f.yaml:5: upstreams[0].api_key: stands beside `accounts`; write it into one of them\n"},
    {"limit_beside_accounts",
     "    base_url: http://x\n    max_concurrent: 3\n    accounts: [{name: one, keys: [k]}]\n",
     "f.yaml:5: upstreams[0].max_concurrent: stands beside `accounts`; write it into one of them\n"},
    {"account_without_key", "    base_url: http://x\n    accounts:\n      - name: one\n",
     "f.yaml:6: upstreams[0].accounts[0]: has no key; give `keys: [${NAME}]` or `key_file`\n"},
    {"accounts_of_one_name",
     "    base_url: http://x\n    accounts:\n      - {name: one, keys: [k]}\n      - {name: one, keys: "
     "[l]}\n",
     "f.yaml:7: upstreams[0].accounts[1].name: `one` is also the one of upstreams[0].accounts[0].name; they "
     "must "
     "differ\n"},
    {"own_key_and_the_callers", "    base_url: http://x\n    api_key: k\n    pass_through_key: true\n",
     "f.yaml:6: upstreams[0].pass_through_key: the caller's key and one from here can't both be sent; remove "
     "this or "
     "the keys\n"},
    {"key_file_missing", "    base_url: http://x\n    key_file: none\n",
     "f.yaml:5: upstreams[0].key_file: the file none cannot be read: No such file or directory\n"},
    {"key_file_without_keys", "    base_url: http://x\n    key_file: empty\n",
     "f.yaml:5: upstreams[0].key_file: the file empty holds no key\n"},
    {"key_file_with_rubbish", "    base_url: http://x\n    key_file: rubbish\n",
     "f.yaml:5: upstreams[0].key_file: line 2 of rubbish holds a character that a key can't have\n"},
    {"ca_file_missing", "    base_url: https://x\n    ca_file: none\n",
     "f.yaml:5: upstreams[0].ca_file: the file none cannot be read: No such file or directory\n"},
    {"ca_file_that_is_none", "    base_url: https://x\n    ca_file: empty\n",
     "f.yaml:5: upstreams[0].ca_file: the file empty holds no certificate in PEM form\n"},
    {"rate_limit_of_nothing", "    base_url: http://x\n    rate_limit: {per_second: 0}\n",
     "f.yaml:5: upstreams[0].rate_limit.per_second: is `0`, but must be a number from 0.001 to 1000000\n"},
    {"rate_limit_without_rate", "    base_url: http://x\n    rate_limit: {burst: 5}\n",
     "f.yaml:5: upstreams[0].rate_limit.per_second: is missing; it must be a number from 0.001 to 1000000\n"},
    {"weight_without_effect", "    endpoints:\n      - {url: \"http://x\", weight: 2}\n",
     "f.yaml:5: upstreams[0].endpoints[0].weight: has no effect without `balance: weighted`; add that or "
     "remove this\n"},
    {"same_endpoint_twice", "    endpoints:\n      - url: http://x\n      - url: http://x\n",
     "f.yaml:6: upstreams[0].endpoints[1].url: `http://x` is also the one of upstreams[0].endpoints[0].url; "
     "they must "
     "differ\n"},
};

TEST(Refusals, of_upstreams) {
  const FakeEnvironment environment{
      {}, {{"empty", "\n# nothing\n"}, {"rubbish", "key\nk\x01y\n"}, {"keys", "k\n"}}};
  for (const Refusal& refusal : kUpstreams) {
    const std::string text = problems_of(with_upstream(refusal.yaml), environment);
    EXPECT_EQ(text, refusal.says) << refusal.name;
    EXPECT_THAT(text, Not(HasSubstr("do-not-show"))) << refusal.name;
  }
}

std::string with_route(std::string_view lines) {
  return "version: 1\nupstreams:\n  - name: deepseek\n    base_url: http://x\nroutes:\n" + std::string(lines);
}

constexpr Refusal kRoutes[] = {
    {"no_route", "  []\n",
     "f.yaml:5: routes: is empty, so that no call could go anywhere; give one with `match: \"*\"`\n"},
    {"no_target", "  - {name: all, match: \"*\", targets: []}\n",
     "f.yaml:6: routes[0].targets: is empty; give `- upstream: NAME`, the name of an upstream\n"},
    {"unknown_upstream", "  - {name: all, match: \"*\", targets: [{upstream: deepsek}]}\n",
     "f.yaml:6: routes[0].targets[0].upstream: there is no upstream `deepsek`; did you mean `deepseek`?\n"},
    {"unknown_upstream_without_a_guess", "  - {name: all, match: \"*\", targets: [{upstream: ollama}]}\n",
     "f.yaml:6: routes[0].targets[0].upstream: there is no upstream `ollama`; known are `deepseek`\n"},
    {"two_routes_of_one_name",
     "  - {name: all, match: a, targets: [{upstream: deepseek}]}\n"
     "  - {name: all, match: b, targets: [{upstream: deepseek}]}\n",
     "f.yaml:7: routes[1].name: `all` is also the one of routes[0].name; they must differ\n"},
    {"two_routes_for_one_model",
     "  - {name: a, match: m, targets: [{upstream: deepseek}]}\n"
     "  - {name: b, match: [n, m], targets: [{upstream: deepseek}]}\n",
     "f.yaml:7: routes[1].match: `m` is also the one of routes[0].match; they must differ\n"},
    {"star_in_the_middle", "  - {name: a, match: \"deep*seek\", targets: [{upstream: deepseek}]}\n",
     "f.yaml:6: routes[0].match: has a `*` that is not at its end; it must be a model's name, a beginning "
     "like "
     "`deepseek-*`, or `*`\n"},
    {"no_match", "  - {name: a, match: [], targets: [{upstream: deepseek}]}\n",
     "f.yaml:6: routes[0].match: is empty; give a model's name, or \"*\" for all\n"},
    {"same_target_twice",
     "  - {name: a, match: \"*\", targets: [{upstream: deepseek}, {upstream: deepseek}]}\n",
     "f.yaml:6: routes[0].targets[1]: `deepseek` is also the one of routes[0].targets[0]; they must "
     "differ\n"},
    {"weight_without_effect", "  - {name: a, match: \"*\", targets: [{upstream: deepseek, weight: 3}]}\n",
     "f.yaml:6: routes[0].targets[0].weight: has no effect without `order: weighted`; add that or remove "
     "this\n"},
    {"cap_below_initial",
     "  - name: a\n    match: \"*\"\n    targets: [{upstream: deepseek}]\n    retries:\n      "
     "backoff_initial: 10s\n"
     "      backoff_cap: 5s\n",
     "f.yaml:10: routes[0].retries.backoff_initial: `backoff_initial` is 10s, longer than `backoff_cap`, "
     "which is 5s; "
     "so it could never come\n"},
    {"total_below_default_first_byte",
     "  - name: a\n    match: \"*\"\n    targets: [{upstream: deepseek}]\n    clocks: {first_byte: 10s, "
     "total: 20s}\n",
     "f.yaml:9: routes[0].clocks.total: `silence` is 30s, longer than `total`, which is 20s; so it could "
     "never come\n"},
    {"credential_that_would_be_forwarded",
     "  - name: a\n    match: \"*\"\n    targets: [{upstream: deepseek, forward_headers: [Cookie]}]\n",
     "f.yaml:8: routes[0].targets[0].forward_headers[0]: is a credential, which is never forwarded; it must "
     "be a header "
     "field like x-trace-id\n"},
    {"own_header_that_would_be_forwarded",
     "  - name: a\n    match: \"*\"\n    targets: [{upstream: deepseek, forward_headers: "
     "[X-Dujiang-Class]}]\n",
     "f.yaml:8: routes[0].targets[0].forward_headers[0]: is the gateway's own, so it is never forwarded; it "
     "must be a "
     "header field like x-trace-id\n"},
};

TEST(Refusals, of_routes) {
  for (const Refusal& refusal : kRoutes) {
    EXPECT_EQ(problems_of(with_route(refusal.yaml)), refusal.says) << refusal.name;
  }
}

constexpr Refusal kFiles[] = {
    {"empty", "",
     "f.yaml: routes: is missing; it must be a list; each: a map: lines of `key: value`\n"
     "f.yaml: upstreams: is missing; it must be a list; each: a map: lines of `key: value`\n"
     "f.yaml: version: is missing; it must be 1\n"},
    {"not_a_map", "- a\n", "f.yaml:1: must be a map: lines of `key: value`\n"},
    {"not_yaml", "a: [1, 2\nb: 3\n", "f.yaml:2: is not valid YAML: end of sequence flow not found\n"},
    {"tab", "listen:\n\tport: 1\n", "f.yaml:2: is not valid YAML: indent with spaces, not with tabs\n"},
    {"doubled_key", "version: 1\nversion: 1\n",
     "f.yaml:2: the key `version` stands here a second time, first on line 1; keep one of them\n"},
    {"doubled_key_deep_inside", "a:\n  - b:\n      c: 1\n      \"c\": 2\n",
     "f.yaml:4: the key `c` stands here a second time, first on line 3; keep one of them\n"},
    {"two_documents", "version: 1\n---\nversion: 1\n", "f.yaml:3: a second document begins here; keep one\n"},
    {"key_that_is_a_list", "? [a]\n: b\n", "f.yaml:1: a key must be a word\n"},
    {"unknown_alias", "a: *b\n", "f.yaml:1: is not valid YAML: the referenced anchor is not defined\n"},
    {"alias_to_itself", "a: &b [*b]\n", "f.yaml:1: an alias stands inside what it stands for\n"},
    {"wrong_version", "version: 2\nupstreams: [{name: a, base_url: \"http://x\"}]\nroutes: []\n",
     "f.yaml:1: version: is `2`, but must be 1\n"},
};

TEST(Refusals, of_whole_files) {
  for (const Refusal& refusal : kFiles) EXPECT_EQ(problems_of(refusal.yaml), refusal.says) << refusal.name;
}

TEST(Refusals, a_bomb_of_aliases_is_refused_with_its_line) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) bomb += "*a" + std::to_string(i - 1) + (k < 9 ? ", " : "]\n");
  }
  EXPECT_EQ(problems_of(bomb), "f.yaml:4: more than 20000 values, aliases included\n");
}

TEST(Refusals, deep_nesting_is_refused) {
  EXPECT_EQ(problems_of(std::string(100000, '[')), "f.yaml:1: nested deeper than 32 levels\n");
}

TEST(Refusals, a_huge_file_is_refused) {
  EXPECT_EQ(problems_of(std::string(2 << 20, '#')), "f.yaml: is larger than 1048576 bytes\n");
}

TEST(Refusals, come_several_at_once_in_the_order_of_the_file) {
  EXPECT_EQ(problems_of("log: {level: loud}\nlisen: {}\ndrain: {grace: 1}\n" + std::string(kLeast)),
            "f.yaml:1: log.level: is `loud`; known are `info`, `warning`, `off`\n"
            "f.yaml:2: lisen: is not a known key; did you mean `listen`?\n"
            "f.yaml:3: drain.grace: is `1`, but must be a duration with its unit, like 500ms, 10s, 1m30s or "
            "2h, from 0s "
            "to 2h\n");
}

TEST(Refusals, beyond_twenty_are_counted) {
  std::string yaml;
  for (int i = 0; i < 25; ++i) yaml += "zzzzzzzzzzzz" + std::to_string(i) + ": 1\n";
  const std::string text = problems_of(yaml + std::string(kLeast));
  EXPECT_THAT(text, testing::EndsWith("f.yaml: and 5 more\n"));
}

TEST(Refusals, of_the_command_line_name_the_option) {
  EXPECT_EQ(
      problems_of(kLeast, {}, {"0.0.0.0:80"}),
      "--listen: `0.0.0.0` can be reached from other machines, and whoever reaches it spends your keys; bind "
      "127.0.0.1, give `caller_keys`, or say `insecure: true` if that is meant\n");
  for (std::string_view wrong :
       {"8080", "localhost:80", "127.0.0.1", "::1:80", "[127.0.0.1]:80", "127.0.0.1:x", ""}) {
    EXPECT_EQ(problems_of(kLeast, {}, {std::string(wrong)}),
              "--listen: is `" + std::string(wrong) + "`, but must be like 127.0.0.1:8080 or [::1]:0\n");
  }
}

}  // namespace
}  // namespace dujiang::config
