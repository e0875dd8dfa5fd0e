// What an operator can say about the callers' keys, and what is told of mistakes in it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "unit/config/fake_environment.hpp"

namespace dujiang::config {
namespace {

constexpr std::string_view kHash =
    "\"sha256:000102030405060708090a0b0c0d0e0f:"
    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\"";

std::string entry(const std::string& name, const std::string& id, const std::string& more = "") {
  return "- {name: " + name + ", id: " + id + ", hash: " + std::string(kHash) + more + "}\n";
}

std::string with_file(const std::string& more = "") {
  return std::string(kLeast) + "caller_keys:\n  keys_file: keys\n" + more;
}

Config read(const std::string& yaml, const FakeEnvironment& environment) {
  auto config = parse(yaml, environment.get());
  EXPECT_TRUE(config) << (config ? "" : to_text("f.yaml", config.error()));
  return config ? std::move(*config) : Config{};
}

TEST(CallerKeys, ComeFromTheConfigurationAndFromItsFile) {
  const FakeEnvironment environment{
      .files = {{"keys", "# team b\n\n" + entry("team-b", "bbbbbbbb", ", caller_class: background") + "  " +
                             entry("team-c", "cccccccc", ", rate_limit: {per_second: 2, burst: 4}")}}};
  const Config config =
      read(with_file("  keys:\n  - name: team-a\n    id: aaaaaaaa\n    hash: " + std::string(kHash) +
                     "\n    routes: [all]\n    deadline: 30s\n    max_body: 64KiB\n"),
           environment);
  ASSERT_TRUE(config.caller_keys);
  const auto& keys = config.caller_keys->keys;
  ASSERT_EQ(keys.size(), 3u);
  EXPECT_EQ(keys[0].name, "team-a");
  EXPECT_EQ(keys[0].routes, std::vector<std::string>{"all"});
  EXPECT_EQ(keys[0].deadline, std::chrono::seconds(30));
  EXPECT_EQ(keys[0].max_body, 64u << 10);
  EXPECT_EQ(keys[0].hash.salt[15], 0x0f);
  EXPECT_EQ(keys[0].hash.digest[0], 0x20);
  EXPECT_EQ(keys[0].hash.digest[31], 0x3f);
  EXPECT_EQ(keys[1].id, "bbbbbbbb");
  EXPECT_EQ(keys[1].caller_class, "background");
  ASSERT_TRUE(keys[2].rate_limit);
  EXPECT_EQ(keys[2].rate_limit->limit.per_second, 2);
  EXPECT_EQ(keys[2].rate_limit->limit.burst, 4);
  EXPECT_FALSE(keys[2].rate_limit->max_wait);
}

TEST(CallerKeys, AreNotNeededWhereNoneAreAskedFor) {
  EXPECT_FALSE(read(std::string(kLeast), {}).caller_keys);
}

TEST(CallerKeys, EachBadLineOfTheFileIsNamed) {
  const FakeEnvironment environment{
      .files = {{"keys", entry("a", "aaaaaaaa") + "team-b:secret\n" + entry("b", "BAD") +
                             "- {name: c, id: cccccccc, hash: \"md5:12\"}\n- {name: d, id: dddddddd}\n" +
                             entry("e", "eeeeeeee", ", rooutes: [all]") + "- {name: [\n" +
                             entry("f", "ffffffff", ", routes: [al]") + entry("g", "aaaaaaaa")}}};
  EXPECT_EQ(problems_of(with_file(), environment),
            "keys:2: must be one key, `- {name: …, id: …, hash: …}`, as `dujiang key new NAME` prints it\n"
            "keys:3: id: must be an id of 8 characters, as `dujiang key new NAME` prints it\n"
            "keys:4: hash: must be `sha256:SALT:DIGEST`, as `dujiang key new NAME` prints it\n"
            "keys:5: hash: is missing; it must be `sha256:SALT:DIGEST`, as `dujiang key new NAME` prints it\n"
            "keys:6: rooutes: is not a known key; did you mean `routes`?\n"
            "keys:7: must be one key, `- {name: …, id: …, hash: …}`, as `dujiang key new NAME` prints it\n"
            "keys:8: routes: there is no route `al`; did you mean `all`?\n"
            "keys:9: id: is also the one of keys:1; remove one of them\n");
}

TEST(CallerKeys, AMistakeNeverShowsWhatMayBeASecret) {
  const FakeEnvironment environment{.files = {{"keys", "- {name: a, id: aaaaaaaa, hash: dj_the_secret}\n"}}};
  EXPECT_EQ(problems_of(with_file(), environment).find("dj_the_secret"), std::string::npos);
}

TEST(CallerKeys, AFileThatCannotBeReadIsToldAtItsLine) {
  EXPECT_EQ(problems_of(with_file()),
            "f.yaml:10: caller_keys.keys_file: the file keys cannot be read: No such file or directory\n");
}

TEST(CallerKeys, AnEmptyFileLetsNobodyInAndSaysSo) {
  const FakeEnvironment environment{.files = {{"keys", "# nobody yet\n"}}};
  const Config config = read(with_file(), environment);
  ASSERT_TRUE(config.caller_keys);
  EXPECT_TRUE(config.caller_keys->keys.empty());
  EXPECT_EQ(config.warnings,
            std::vector<std::string>{"caller_keys: there is no key, so that nobody may call"});
  // And what `dujiang check` prints does so too.
  const Config again = read(effective_yaml(config), environment);
  ASSERT_TRUE(again.caller_keys);
  EXPECT_TRUE(again.caller_keys->keys.empty());
}

TEST(CallerKeys, AMapWithoutKeysIsAMistake) {
  EXPECT_EQ(problems_of(std::string(kLeast) + "caller_keys: {}\n"),
            "f.yaml:9: caller_keys: names no key; give `keys` or `keys_file`, or remove it\n");
}

TEST(CallerKeys, AFileThatOthersMayReadIsWarnedAbout) {
  const FakeEnvironment files{.files = {{"keys", entry("a", "aaaaaaaa")}}};
  Environment environment = files.get();
  unsigned bits = 0640;
  environment.permissions = [&](const std::string&) { return bits; };
  EXPECT_EQ(parse(with_file(), environment)->warnings,
            std::vector<std::string>{"keys can be read by other users; chmod 600 it"});
  bits = 0600;
  EXPECT_EQ(parse(with_file(), environment)->warnings, std::vector<std::string>{});
}

TEST(CallerKeys, ThePermissionsOfRealFilesAreSeen) {
  const std::string path = ::testing::TempDir() + "keys-of-callers";
  std::ofstream(path) << entry("a", "aaaaaaaa");
  const Environment environment = process_environment();
  std::filesystem::permissions(path, std::filesystem::perms(0604));
  EXPECT_TRUE(others_may_read(path, environment));
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  EXPECT_FALSE(others_may_read(path, environment));
  EXPECT_FALSE(others_may_read(path + ".none", environment));
  std::filesystem::remove(path);
}

TEST(CallerKeys, LetAnAddressBeBoundThatOtherMachinesReach) {
  const std::string everywhere = "listen: {address: 0.0.0.0}\n";
  EXPECT_NE(problems_of(std::string(kLeast) + everywhere), "");
  const FakeEnvironment environment{.files = {{"keys", entry("a", "aaaaaaaa")}}};
  EXPECT_EQ(problems_of(with_file(everywhere), environment), "");
}

TEST(CallerKeys, AndTheCallersOwnAtTheUpstreamContradictEachOther) {
  const FakeEnvironment environment{.files = {{"keys", entry("a", "aaaaaaaa")}}};
  std::string yaml = with_file();
  yaml.insert(yaml.find("routes:"), "    pass_through_key: true\n");
  EXPECT_EQ(
      problems_of(yaml, environment),
      "f.yaml:5: upstreams[0].pass_through_key: has no effect with `caller_keys`: what callers send is a "
      "key of the gateway, which no upstream gets; give the upstream a key, or remove one of the two\n");
}

TEST(CallerKeys, TheEntryOfAKeyIsReadAsItIsPrinted) {
  route::CallerKeySpec spec{.name = "null", .id = "abcdefgh", .hash = {.salt = {1, 2}, .digest = {255}}};
  const FakeEnvironment environment{.files = {{"keys", caller_key_entry(spec)}}};
  const Config config = read(with_file(), environment);
  ASSERT_EQ(config.caller_keys->keys.size(), 1u);
  EXPECT_EQ(config.caller_keys->keys[0].name, "null");
  EXPECT_EQ(config.caller_keys->keys[0].id, "abcdefgh");
  EXPECT_EQ(config.caller_keys->keys[0].hash, spec.hash);
}

TEST(CallerKeys, TheEffectiveConfigurationReadsAsItself) {
  const FakeEnvironment environment{
      .files = {
          {"keys", entry("a", "aaaaaaaa", ", rate_limit: {per_second: 0.5, max_wait: 10s}, metrics: true")}}};
  const std::string first = effective_yaml(read(with_file(), environment));
  EXPECT_EQ(effective_yaml(read(first, {})), first);
  EXPECT_NE(first.find("max_wait: 10s"), std::string::npos) << first;
}

}  // namespace
}  // namespace dujiang::config
