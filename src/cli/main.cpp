// `dujiang`: the commands.
#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/metrics/reference.hpp"
#include "app/serve.hpp"
#include "app/version.hpp"
#include "cli/key_command.hpp"
#include "config/config.hpp"
#include "config/nearest.hpp"
#include "doctor/doctor.hpp"

namespace {

using namespace dujiang;

constexpr int kWrongUse = 2;

constexpr const char* kAbout =
    R"(Dujiang: a gateway for LLM APIs that goes on working while their servers are busy.
Point base_url of any OpenAI SDK at it; it retries, fails over and never hands out a broken answer.

Four common uses:
  dujiang serve
      before DeepSeek on 127.0.0.1:8080, with the key of DEEPSEEK_API_KEY, or else with each caller's own
  dujiang serve --config examples/deepseek-and-siliconflow.yaml
      with several upstreams, as the file says; examples/ has more of them
  dujiang check my.yaml
      whether a file is right, and what it comes to with every default spelled out
  dujiang doctor
      what is wrong where calls fail: DNS, TLS, proxy, key, balance, models, clock, one token; and what to do
)";

constexpr const char* kExits = R"(
Then, for example:
  curl http://127.0.0.1:8080/v1/chat/completions -H 'Content-Type: application/json' \
    -d '{"model": "deepseek-chat", "messages": [{"role": "user", "content": "Hello!"}]}'

On SIGHUP, and when its file has changed, `serve` brings the configuration into force again; one with a mistake changes
nothing.

Exit status: 0 done, or ended by SIGTERM or SIGINT after a drain; 1 wrong configuration, port in use or another
reason on stderr; 2 wrong use of the command line; 130 or 143 cut short by a second signal.
Every setting is described in docs/configuration.md, every metric in docs/metrics.md.)";

constexpr const char* kDoctorExits = R"(
All endpoints are looked at at the same time, each by the way, the proxy and the clocks of `serve`. Each key is tried with
the list of models, which costs nothing; then each endpoint is asked for one token, of which some ten are billed.
Connecting may take `connect_timeout`, an answer 10 s, a token 30 s. Keys are shown as their last four characters.

Exit status: 0 nothing failed (there may be warnings); 1 something did; 2 wrong configuration or command line.)";

int check(const std::string& file) {
  const auto config = config::load(file, config::process_environment());
  if (!config) {
    std::fputs(config::to_text(file, config.error()).c_str(), stderr);
    return 1;
  }
  if (const auto works = app::rehearse(*config); !works) {
    std::fputs((file + ": " + works.error().message + "\n").c_str(), stderr);
    return 1;
  }
  for (const std::string& warning : config->warnings)
    std::fputs(std::string(file).append(": ").append(warning).append("\n").c_str(), stderr);
  return std::fputs(config::effective_yaml(*config).c_str(), stdout) < 0 ? 1 : 0;
}

struct Commands {
  CLI::App app{kAbout, "dujiang"};
  app::ConfigSource source;
  std::string checked_file;
  app::ServeOptions options;

  CLI::App* serve = app.add_subcommand("serve", "Serve until SIGTERM or SIGINT");
  CLI::App* check = app.add_subcommand("check", "Check a configuration and print it in full, secrets masked");
  doctor::Options doctor_options;
  bool no_call = false;
  CLI::App* doctor =
      app.add_subcommand("doctor", "Look for what is wrong on the way to the upstreams, and say what to do");
  std::string key_name;
  std::optional<std::string> keys_file;
  CLI::App* key = app.add_subcommand("key", "Keys for callers, see caller_keys in docs/configuration.md");
  CLI::App* key_new =
      key->add_subcommand("new", "Make one, print it once, and its entry for the configuration");
  CLI::App* version = app.add_subcommand("version", "Say what this is");
  // For the two generated pages in docs/.
  CLI::App* docs = app.add_subcommand("docs", "")->group("");
  CLI::App* docs_configuration = docs->add_subcommand("configuration", "");
  CLI::App* docs_metrics = docs->add_subcommand("metrics", "");

  Commands() {
    app.footer(kExits);
    app.require_subcommand(1);
    app.set_version_flag("--version", std::string(app::version()));
    serve
        ->add_option("-c,--config", source.file,
                     "YAML file; without it, DeepSeek with a key from the environment")
        ->type_name("FILE");
    serve
        ->add_option("-l,--listen", source.overrides.listen,
                     "Address to bind instead of the file's; port 0 takes a free one")
        ->type_name("ADDRESS:PORT");
    serve->add_option("--port-file", options.port_file, "Write the bound port there when ready")
        ->type_name("FILE");
    check->add_option("file", checked_file, "YAML file")->required()->type_name("FILE");
    add_doctor();
    key->require_subcommand(1);
    key_new->add_option("name", key_name, "Name of the caller, in logs and metrics")
        ->required()
        ->type_name("NAME");
    key_new->add_option("-f,--file", keys_file, "Append the entry to this keys file instead of printing it")
        ->type_name("FILE");
    docs->require_subcommand(1);
  }

  void add_doctor() {
    doctor->footer(kDoctorExits);
    doctor
        ->add_option("-c,--config", source.file,
                     "YAML file, as of `serve`; without it, DeepSeek with a key from the environment")
        ->type_name("FILE");
    doctor->add_option("-u,--upstream", doctor_options.upstream, "Look at this upstream only")
        ->type_name("NAME");
    doctor
        ->add_option("-k,--key-env", doctor_options.key_env,
                     "Variable with a key to try where each caller sends its own")
        ->type_name("NAME");
    doctor->add_flag("--no-call", no_call, "Ask no endpoint for a token: nothing is billed then");
    doctor->add_flag("--json", doctor_options.json, "Print one JSON object instead of lines");
  }
};

// No command, or one that is none: both look alike to the parser.
int missing_command(std::string_view word) {
  constexpr std::array<std::string_view, 5> kCommands = {"serve", "check", "doctor", "key", "version"};
  if (word.empty()) {
    std::fputs("dujiang: what to do? `dujiang serve` begins to serve; `dujiang --help` says more\n", stderr);
  } else {
    const std::string text = "dujiang: there is no command `" + std::string(word) + "`" +
                             config::suggestion(word, kCommands) + "\n";
    std::fputs(text.c_str(), stderr);
  }
  return kWrongUse;
}

int run(const Commands& commands) {
  if (commands.version->parsed()) {
    std::printf("dujiang %s (commit %s)\n", std::string(app::version()).c_str(),
                std::string(app::commit()).c_str());
    return 0;
  }
  if (commands.docs_configuration->parsed())
    return std::fputs(config::reference().c_str(), stdout) < 0 ? 1 : 0;
  if (commands.docs_metrics->parsed()) {
    return std::fputs(adapters::metrics::metrics_reference().c_str(), stdout) < 0 ? 1 : 0;
  }
  if (commands.key_new->parsed()) return cli::make_key(commands.key_name, commands.keys_file);
  if (commands.doctor->parsed()) {
    doctor::Options options = commands.doctor_options;
    options.call = !commands.no_call;
    return doctor::doctor(commands.source, options);
  }
  if (commands.check->parsed()) return check(commands.checked_file);
  return app::serve(commands.source, commands.options);
}

}  // namespace

int main(int argc, char** argv) {
  Commands commands;
  try {
    commands.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool is_required = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
    if (is_required && commands.app.get_subcommands().empty())
      return missing_command(argc > 1 ? argv[1] : "");
    return commands.app.exit(error) == 0 ? 0 : kWrongUse;
  }
  return run(commands);
}
