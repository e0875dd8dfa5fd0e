#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "config/config.hpp"
#include "unit/config/fake_environment.hpp"

namespace dujiang::config {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

Config good(std::string_view yaml, const FakeEnvironment& environment = {}, const Overrides& overrides = {}) {
  auto config = parse(yaml, environment.get(), overrides);
  if (!config) {
    ADD_FAILURE() << to_text("f.yaml", config.error());
    return {};
  }
  return *config;
}

TEST(Load, the_least_configuration_has_every_default) {
  const Config config = good(kLeast);
  const Config untouched;
  EXPECT_EQ(config.listen.port, untouched.listen.port);
  EXPECT_EQ(config.drain.grace, 30s);
  ASSERT_EQ(config.gateway.upstreams.size(), 1u);
  const route::UpstreamSpec& upstream = config.gateway.upstreams[0];
  EXPECT_EQ(upstream.name, "deepseek");
  EXPECT_EQ(upstream.dialect, "openai");
  ASSERT_EQ(upstream.endpoints.size(), 1u);
  EXPECT_EQ(upstream.endpoints[0].url, "https://api.deepseek.com");
  ASSERT_EQ(upstream.accounts.size(), 1u) << "an upstream without a key has an account for its limits";
  EXPECT_EQ(upstream.accounts[0].name, "default");
  EXPECT_TRUE(upstream.accounts[0].keys.empty());
  ASSERT_EQ(config.gateway.routes.size(), 1u);
  EXPECT_EQ(config.gateway.routes[0].match, "*");
  EXPECT_EQ(config.gateway.routes[0].targets[0].upstream, "deepseek");
  EXPECT_EQ(config.gateway.routes[0].targets[0].model, "");
  EXPECT_EQ(config.gateway.routes[0].keep_alive, 15s);
}

// Every key, each with a value that is not its default.
constexpr std::string_view kEverything = R"(version: 1
listen:
  address: "::1"
  port: 9000
  allowed_hosts: [gateway.example, "gateway.example:8443"]
  allowed_origins: ["https://app.example"]
  max_connections: 5
  max_head: 32KiB
  max_target: 8KiB
  max_body: 2MiB
  head_timeout: 3s
  body_timeout: 4s
  idle_timeout: 5s
  write_timeout: 6s
insecure: true
log: {level: warning}
drain: {notice: 2s, grace: 1m30s}
memory: {whole_answer: 1MiB, retries: 8MiB}
relay_unknown_paths_to: second
upstreams:
  - name: first
    dialect: deepseek
    endpoints:
      - {url: "https://one.example/v1", weight: 3}
      - {url: "http://[::1]:8000"}
    balance: weighted
    accounts:
      - {name: main, keys: ["${KEY}", literal-key], max_concurrent: 25}
      - {name: spare, key_file: spare.keys}
    rate_limit: {per_second: 10, burst: 20.5}
    possibly_billed_share: 0.5
    possibly_billed_reserve: 6s
    queue_limit: 7
    unstreamed: as_is
    ca_file: ca.pem
    connect_timeout: 1s
    idle_timeout: 2s
    max_idle_connections: 3
    probe_interval: 4s
  - name: second
    base_url: http://127.0.0.1:11434/v1
    api_key: ${UNSET:-}
    max_concurrent: 2
    unstreamed: as_stream
  - {name: third, base_url: "https://three.example", pass_through_key: true}
defaults:
  clocks: {gap: 31s, silence: 61s}
  retries: {max_attempts: 9}
routes:
  - name: chat
    match: [deepseek-chat, "deepseek-*"]
    order: weighted
    targets:
      - {upstream: first, model: m1, weight: 2, forward_headers: [x-trace-id]}
      - upstream: second
        can: {context_tokens: 64000, tools: true, json_mode: false, thinking: true}
    clocks:
      first_byte: 11s
      unstreamed_first_byte: 4m
      first_token: 12s
      alone_first_token: 13s
      gap: 14s
      total: 16m
      stream_total: 17m
      after_finish: 1500ms
    retries:
      backoff_initial: 2s
      backoff_cap: 3s
      possibly_billed_per_request: 4
    thinking: hold
    fail_over_on_content_filter: true
    keep_alive: off
    caller_class: background
  - {name: all, match: "*", targets: [{upstream: third}], keep_alive: 20s}
)";

FakeEnvironment everything_environment() {
  return {{{"KEY", "sk-0123456789abcdef"}},
          {{"spare.keys", "# spare\nspare-key-1\r\n\n  spare-key-2"},
           {"ca.pem", "-----BEGIN CERTIFICATE-----\n"}}};
}

TEST(Load, every_key_of_an_upstream_arrives) {
  const Config config = good(kEverything, everything_environment());
  ASSERT_EQ(config.gateway.upstreams.size(), 3u);
  const route::UpstreamSpec& first = config.gateway.upstreams[0];
  EXPECT_EQ(first.dialect, "deepseek");
  ASSERT_EQ(first.endpoints.size(), 2u);
  EXPECT_EQ(first.endpoints[0].weight, 3u);
  EXPECT_EQ(first.balance, route::Balance::weighted);
  ASSERT_EQ(first.accounts.size(), 2u);
  EXPECT_EQ(first.accounts[0].keys[0].reveal(), "sk-0123456789abcdef");
  EXPECT_EQ(first.accounts[0].keys[1].reveal(), "literal-key");
  EXPECT_EQ(first.accounts[0].max_concurrent, 25u);
  ASSERT_EQ(first.accounts[1].keys.size(), 2u);
  EXPECT_EQ(first.accounts[1].keys[0].reveal(), "spare-key-1");
  EXPECT_EQ(first.accounts[1].keys[1].reveal(), "spare-key-2");
  EXPECT_EQ(first.rate_limit->per_second, 10);
  EXPECT_EQ(first.rate_limit->burst, 20.5);
  EXPECT_EQ(first.queue_limit, 7u);
  EXPECT_EQ(first.possibly_billed_share, 0.5);
  EXPECT_EQ(first.possibly_billed_reserve, 6s);
  EXPECT_EQ(first.unstreamed, route::Unstreamed::as_is);
  EXPECT_EQ(first.ca_file, "ca.pem");
  EXPECT_EQ(first.connect_timeout, 1s);
  EXPECT_EQ(first.idle_timeout, 2s);
  EXPECT_EQ(first.max_idle_connections, 3u);
  EXPECT_EQ(first.probe_interval, 4s);
  const route::UpstreamSpec& second = config.gateway.upstreams[1];
  ASSERT_EQ(second.accounts.size(), 1u);
  EXPECT_TRUE(second.accounts[0].keys.empty()) << "an empty key is none";
  EXPECT_EQ(second.accounts[0].max_concurrent, 2u);
  EXPECT_EQ(second.unstreamed, route::Unstreamed::as_stream);
  EXPECT_TRUE(config.gateway.upstreams[2].pass_through_key);
}

TEST(Load, every_key_of_a_route_arrives) {
  const Config config = good(kEverything, everything_environment());
  ASSERT_EQ(config.gateway.routes.size(), 3u) << "one for each name that is matched";
  const route::RouteSpec& chat = config.gateway.routes[1];
  EXPECT_EQ(config.gateway.routes[0].match, "deepseek-chat");
  EXPECT_EQ(chat.match, "deepseek-*");
  EXPECT_EQ(chat.name, "chat");
  EXPECT_EQ(chat.order, route::Order::weighted);
  ASSERT_EQ(chat.targets.size(), 2u);
  EXPECT_EQ(chat.targets[0].model, "m1");
  EXPECT_EQ(chat.targets[0].weight, 2u);
  EXPECT_THAT(chat.targets[0].forward_headers, testing::ElementsAre("x-trace-id"));
  EXPECT_EQ(chat.targets[1].can.context_tokens, 64000u);
  EXPECT_EQ(chat.targets[1].can.tools, true);
  EXPECT_EQ(chat.targets[1].can.json_mode, false);
  EXPECT_EQ(chat.targets[1].can.thinking, true);
  EXPECT_EQ(chat.clocks.first_byte, 11s);
  EXPECT_EQ(chat.clocks.unstreamed_first_byte, 4min);
  EXPECT_EQ(chat.clocks.first_token, 12s);
  EXPECT_EQ(chat.clocks.alone_first_token, 13s);
  EXPECT_EQ(chat.clocks.gap, 14s) << "its own goes before the default";
  EXPECT_EQ(chat.clocks.silence, 61s) << "the default holds where it says nothing";
  EXPECT_EQ(chat.clocks.total, 16min);
  EXPECT_EQ(chat.clocks.stream_total, 17min);
  EXPECT_EQ(chat.clocks.after_finish, 1500ms);
  EXPECT_EQ(chat.retries.max_attempts, 9u);
  EXPECT_EQ(chat.retries.backoff_initial, 2s);
  EXPECT_EQ(chat.retries.backoff_cap, 3s);
  EXPECT_EQ(chat.retries.possibly_billed_per_request, 4u);
  EXPECT_EQ(chat.thinking, route::Thinking::hold);
  EXPECT_TRUE(chat.fail_over_on_content_filter);
  EXPECT_EQ(chat.keep_alive, std::nullopt);
  EXPECT_EQ(chat.caller_class, "background");
  EXPECT_EQ(config.gateway.routes[2].keep_alive, 20s);
  EXPECT_EQ(config.gateway.routes[2].clocks.gap, 31s);
}

TEST(Load, every_other_key_arrives) {
  const Config config = good(kEverything, everything_environment());
  EXPECT_EQ(config.listen.address, "::1");
  EXPECT_EQ(config.listen.port, 9000);
  EXPECT_THAT(config.listen.server.browser_guard.allowed_hosts,
              testing::ElementsAre("gateway.example", "gateway.example:8443"));
  EXPECT_THAT(config.listen.server.browser_guard.allowed_origins,
              testing::ElementsAre("https://app.example"));
  EXPECT_EQ(config.listen.server.max_connections, 5u);
  EXPECT_EQ(config.listen.server.max_head_bytes, 32u << 10);
  EXPECT_EQ(config.listen.server.max_target_bytes, 8u << 10);
  EXPECT_EQ(config.listen.server.max_body_bytes, 2u << 20);
  EXPECT_EQ(config.listen.server.header_timeout, 3s);
  EXPECT_EQ(config.listen.server.body_timeout, 4s);
  EXPECT_EQ(config.listen.server.idle_timeout, 5s);
  EXPECT_EQ(config.listen.server.write_timeout, 6s);
  EXPECT_TRUE(config.insecure);
  EXPECT_EQ(config.log.level, adapters::log::Level::warning);
  EXPECT_EQ(config.drain.notice, 2s);
  EXPECT_EQ(config.drain.grace, 90s);
  EXPECT_EQ(config.gateway.max_whole_answer_bytes, 1u << 20);
  EXPECT_EQ(config.gateway.retry_memory_bytes, 8u << 20);
  EXPECT_EQ(config.gateway.relay_unknown_paths_to, "second");
}

TEST(Load, the_printed_configuration_reads_back_as_itself) {
  for (std::string_view yaml : {kLeast, kEverything}) {
    FakeEnvironment environment = everything_environment();
    std::string printed = effective_yaml(good(yaml, environment));
    // A mask is a key like any other, and is masked again.
    if (const auto mask = printed.find("****cdef"); mask != std::string::npos) printed.erase(mask + 4, 4);
    EXPECT_EQ(effective_yaml(good(printed, environment)), printed) << printed;
  }
}

TEST(Load, the_printed_configuration_masks_every_secret) {
  const std::string printed = effective_yaml(good(kEverything, everything_environment()));
  EXPECT_THAT(printed, HasSubstr("keys: [\"****cdef\", \"****\"]"));
  for (std::string_view secret : {"sk-0123", "literal-key", "spare-key"})
    EXPECT_THAT(printed, Not(HasSubstr(secret)));
}

TEST(Load, the_printed_configuration_spells_defaults_out) {
  EXPECT_THAT(effective_yaml(good(kLeast)), HasSubstr("drain:\n  notice: 1s\n  grace: 30s\n"));
}

TEST(Load, the_command_line_goes_before_the_file) {
  const Config config = good(kLeast, {}, {"[::1]:0"});
  EXPECT_EQ(config.listen.address, "::1");
  EXPECT_EQ(config.listen.port, 0);
}

TEST(Load, loopback_is_any_address_that_only_this_machine_reaches) {
  for (std::string_view address : {"127.0.0.1", "127.8.9.1", "::1"}) {
    EXPECT_EQ(problems_of("listen: {address: \"" + std::string(address) + "\"}\n" + std::string(kLeast)), "");
  }
  EXPECT_NE(problems_of("listen: {address: \"::\"}\n" + std::string(kLeast)), "");
  EXPECT_EQ(problems_of("listen: {address: \"::\"}\ninsecure: true\n" + std::string(kLeast)), "");
}

TEST(Load, an_alias_stands_for_what_it_names) {
  const Config config = good(
      "version: 1\n"
      "upstreams: [{name: a, base_url: \"http://x\"}]\n"
      "routes:\n"
      "  - {name: one, match: m, targets: &targets [{upstream: a}]}\n"
      "  - {name: two, match: n, targets: *targets}\n");
  EXPECT_EQ(config.gateway.routes[1].targets[0].upstream, "a");
}

TEST(Load, variables_and_dollars_are_expanded_in_values) {
  const FakeEnvironment environment{{{"HOST", "api.example"}, {"EMPTY", ""}}, {}};
  const Config config = good(
      "version: 1\n"
      "upstreams: [{name: a, base_url: \"https://${HOST}:${PORT:-8443}/x${EMPTY:-}$$y$z\"}]\n"
      "routes: [{name: all, match: \"*\", targets: [{upstream: a}]}]\n",
      environment);
  EXPECT_EQ(config.gateway.upstreams[0].endpoints[0].url, "https://api.example:8443/x$y$z");
}

TEST(Load, a_value_of_a_variable_is_never_yaml) {
  const FakeEnvironment environment{{{"M", "a, b]\nevil: true"}}, {}};
  EXPECT_THAT(problems_of("version: 1\n"
                          "upstreams: [{name: a, base_url: \"http://x\"}]\n"
                          "routes: [{name: all, match: [\"${M}\"], targets: [{upstream: a}]}]\n",
                          environment),
              HasSubstr("routes[0].match[0]: holds a control character"));
}

TEST(Load, the_builtin_configuration_uses_the_key_of_the_environment_or_the_callers) {
  const FakeEnvironment with_key{{{"DEEPSEEK_API_KEY", "sk-1"}}, {}};
  const Config own = good(builtin_yaml(with_key.get()), with_key);
  EXPECT_EQ(own.gateway.upstreams[0].accounts[0].keys[0].reveal(), "sk-1");
  EXPECT_FALSE(own.gateway.upstreams[0].pass_through_key);
  const Config passed = good(builtin_yaml(FakeEnvironment().get()));
  EXPECT_TRUE(passed.gateway.upstreams[0].pass_through_key);
  EXPECT_EQ(passed.gateway.routes.back().match, "*");
  EXPECT_EQ(passed.gateway.upstreams[0].dialect, "deepseek");
}

class LoadFile : public testing::Test {
 public:
  LoadFile() : folder_(testing::TempDir() + "config-test-XXXXXX") {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
  }
  ~LoadFile() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, std::string_view content) {
    std::ofstream(folder_ + "/" + name) << content;
    return folder_ + "/" + name;
  }

  std::string folder_;
};

TEST_F(LoadFile, files_are_relative_to_the_file_that_names_them) {
  write("keys", "from-a-file\n");
  write("ca.pem", "-----BEGIN CERTIFICATE-----\n");
  const std::string path =
      write("f.yaml",
            "version: 1\n"
            "upstreams: [{name: a, base_url: \"http://x\", key_file: keys, ca_file: ca.pem}]\n"
            "routes: [{name: all, match: \"*\", targets: [{upstream: a}]}]\n");
  const auto config = load(path, process_environment());
  ASSERT_TRUE(config) << to_text(path, config.error());
  EXPECT_EQ(config->gateway.upstreams[0].accounts[0].keys[0].reveal(), "from-a-file");
  EXPECT_EQ(config->gateway.upstreams[0].ca_file, folder_ + "/ca.pem") << "as the process finds it";
}

TEST_F(LoadFile, a_file_that_is_not_there_or_is_a_folder_says_so) {
  const auto missing = load(folder_ + "/none.yaml", process_environment());
  ASSERT_FALSE(missing);
  EXPECT_EQ(to_text("none.yaml", missing.error()), "none.yaml: cannot be read: No such file or directory\n");
  const auto directory = load(folder_, process_environment());
  ASSERT_FALSE(directory);
  EXPECT_EQ(to_text("d", directory.error()), "d: cannot be read: Is a directory\n");
}

TEST_F(LoadFile, an_endless_file_is_refused) {
  const auto endless = load("/dev/zero", process_environment());
  ASSERT_FALSE(endless);
  EXPECT_EQ(to_text("f", endless.error()), "f: cannot be read: is larger than 1 MiB\n");
}

TEST(Examples, are_all_right) {
  const FakeEnvironment keys{{{"DEEPSEEK_API_KEY", "sk-1"}, {"SILICONFLOW_API_KEY", "sk-2"}}, {}};
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(DUJIANG_SOURCE_DIR "/examples")) {
    if (entry.path().extension() != ".yaml") continue;
    ++count;
    Environment environment = process_environment();
    environment.variable = [&, defaults = keys.get().variable](const std::string& name) {
      return name == "SIM_URL" ? std::optional<std::string>("http://127.0.0.1:9080") : defaults(name);
    };
    const auto config = load(entry.path().string(), environment);
    EXPECT_TRUE(config) << to_text(entry.path().string(), config.error());
  }
  EXPECT_GE(count, 4);
}

TEST(Reference, the_committed_page_is_what_the_tables_say) {
  std::ifstream file(DUJIANG_SOURCE_DIR "/docs/configuration.md");
  std::ostringstream committed;
  committed << file.rdbuf();
  EXPECT_TRUE(committed.str() == reference())
      << "docs/configuration.md is old; run: dujiang docs configuration > docs/configuration.md";
}

TEST(Reference, the_builtin_configuration_in_it_is_right) {
  const std::string page = reference();
  const auto begin = page.find("```yaml\n") + 8;
  const FakeEnvironment environment{{{"DEEPSEEK_API_KEY", "sk-1"}}, {}};
  EXPECT_EQ(problems_of(page.substr(begin, page.find("```", begin) - begin), environment), "");
}

}  // namespace
}  // namespace dujiang::config
