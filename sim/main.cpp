// dujiang-sim: the busy server's commands.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cstdint>
#include <iostream>
#include <string>

#include "sim/answer.hpp"
#include "sim/fault.hpp"
#include "sim/options.hpp"
#include "sim/scenario.hpp"
#include "sim/serve.hpp"

namespace {

using namespace dujiang;

struct AnswerOptions {
  std::string prompt;
  std::string model;
  std::uint64_t max_tokens = SIZE_MAX;
  std::uint64_t choice = 0;
  bool json = false;
  bool thought = false;
  bool from_stdin = false;
};

std::string answer(const AnswerOptions& options, std::string_view prompt) {
  const sim::Voice voice = options.thought ? sim::Voice::reasoning
                           : options.json  ? sim::Voice::json
                                           : sim::Voice::content;
  return sim::AnswerText(prompt, voice, options.choice).text(options.max_tokens);
}

int answer_lines(const AnswerOptions& options) {
  std::string line;
  for (int number = 1; std::getline(std::cin, line); ++number) {
    boost::system::error_code error;
    const boost::json::value prompt = boost::json::parse(line, error);
    if (error || !prompt.is_string()) {
      std::cerr << "line " << number
                << " is not a JSON string: give one prompt per line, such as \"Hello\"\n";
      return 1;
    }
    const auto& text = prompt.get_string();
    std::cout << boost::json::serialize(boost::json::string(answer(options, {text.data(), text.size()})))
              << '\n';
  }
  return 0;
}

int run_answer(const AnswerOptions& options) {
  if (options.from_stdin) return answer_lines(options);
  std::cout << answer(options, options.prompt) << '\n';
  return 0;
}

int list_scenarios() {
  for (const sim::ShippedScenario& shipped : sim::shipped_scenarios()) {
    const auto scenario = sim::load_scenario(std::string(shipped.name));
    std::cout << shipped.name << std::string(16 - shipped.name.size(), ' ') << scenario->about << '\n';
  }
  return 0;
}

int list_faults() {
  for (const sim::FaultInfo& row : sim::fault_catalogue()) {
    std::cout << row.id << std::string(17 - row.id.size(), ' ') << row.sentence << '\n';
    std::string details = row.params.empty() ? "" : "takes " + std::string(row.params);
    if (!row.after_is.empty()) details += "; after counts " + std::string(row.after_is);
    if (!row.variants.empty()) details += "; variants " + std::string(row.variants);
    if (!details.empty()) std::cout << std::string(17, ' ') << "(" << details << ")\n";
  }
  return 0;
}

int show_scenario(const std::string& name) {
  for (const sim::ShippedScenario& shipped : sim::shipped_scenarios()) {
    if (shipped.name != name) continue;
    std::cout << shipped.yaml;
    return 0;
  }
  std::cerr << "there is no scenario '" << name << "': `dujiang-sim scenarios` lists them\n";
  return 1;
}

// `serve` as it was typed.
struct ServeOptions {
  sim::Options server;
  std::string scenario = "calm";
  std::vector<std::string> faults;
  std::string port_file;
  double keep_alive = 0;
};

int run_serve(ServeOptions options) {
  auto scenario = sim::load_scenario(options.scenario);
  if (!scenario) {
    std::cerr << scenario.error().message << '\n';
    return 1;
  }
  options.server.scenario = *std::move(scenario);
  for (const std::string& fault : options.faults) {
    auto directive = sim::parse_directive(fault);
    if (!directive) {
      std::cerr << directive.error().message << '\n';
      return 1;
    }
    options.server.faults.push_back(*directive);
  }
  if (options.keep_alive > 0) options.server.keep_alive = options.keep_alive;
  if (options.server.models == std::vector<std::string>{"*"}) options.server.models.clear();
  return sim::serve(std::move(options.server), options.port_file);
}

void add_serve(CLI::App& app, ServeOptions& options, int& status) {
  auto* command = app.add_subcommand("serve", "Serve until SIGTERM or SIGINT");
  command->add_option("--port", options.server.port, "0 takes any free one")->capture_default_str();
  command->add_option("--listen", options.server.listen, "A numeric address")->capture_default_str();
  command->add_option("--port-file", options.port_file,
                      "Written with the port in it, once connections are taken");
  command->add_option("--scenario", options.scenario, "A name of `dujiang-sim scenarios`, or a YAML file")
      ->capture_default_str();
  command->add_option("--fault", options.faults,
                      "Shown to every attempt, such as 5 or '19; after=10; variant=eof'");
  command->add_option("--seed", options.server.seed, "Another seed, other draws")->capture_default_str();
  command
      ->add_option("--speed", options.server.speed,
                   "How many seconds of the scenario pass in one real second")
      ->capture_default_str()
      ->check(CLI::Range(0.001, sim::kMostSpeed));
  command
      ->add_option("--keep-alive-interval", options.keep_alive,
                   "Seconds between signs of life while a call waits")
      ->check(CLI::PositiveNumber);
  command->add_flag("--thinking", options.server.thinking, "Models think unless the request says no");
  command
      ->add_option("--models", options.server.models,
                   "What /models lists, comma-separated; others get 400. '*': any")
      ->delimiter(',');
  command->callback([&] { status = run_serve(options); });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "The busy server: speaks DeepSeek's API on loopback and fails like the real one, on request and on "
      "cue.");
  app.require_subcommand(1);
  int status = 0;

  ServeOptions serve_options;
  serve_options.server.models = sim::default_models();
  add_serve(app, serve_options, status);

  AnswerOptions answer_options;
  auto* answer_command =
      app.add_subcommand("answer", "Print the answer to a prompt, which is a function of the prompt");
  auto* prompt = answer_command->add_option("prompt", answer_options.prompt, "The last user message");
  answer_command
      ->add_flag("--stdin", answer_options.from_stdin,
                 "Read a JSON string per line, print a JSON string per line")
      ->excludes(prompt);
  answer_command->add_option("--model", answer_options.model,
                             "Taken for completeness: every model answers the same");
  answer_command->add_option("--max-tokens", answer_options.max_tokens, "Cut after so many tokens");
  answer_command->add_option("--choice", answer_options.choice,
                             "Which choice of a request with n > 1, from 0");
  answer_command->add_flag("--json", answer_options.json, "As with response_format json_object");
  answer_command->add_flag("--thought", answer_options.thought,
                           "The reasoning_content in place of the content");
  answer_command->callback([&] {
    if (!answer_options.from_stdin && prompt->count() == 0) throw CLI::RequiredError("PROMPT or --stdin");
    status = run_answer(answer_options);
  });

  app.add_subcommand("scenarios", "List the scenarios")->callback([&] { status = list_scenarios(); });
  app.add_subcommand("faults", "List the fault catalogue")->callback([&] { status = list_faults(); });
  std::string shown;
  auto* show_command = app.add_subcommand("show", "Print a scenario's YAML, to start one's own from");
  show_command->add_option("name", shown, "Its name in `dujiang-sim scenarios`")->required();
  show_command->callback([&] { status = show_scenario(shown); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return status;
}
