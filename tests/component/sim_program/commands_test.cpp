// dujiang-sim as a user runs it: what its commands print, and how it ends.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "sim/answer.hpp"

namespace dujiang::sim {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// One run of the program; its streams are files of a folder that goes away with it.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments, std::string_view input = {}) {
    std::string name = (std::filesystem::temp_directory_path() / "dujiang-sim-test-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    std::ofstream(folder_ / "in") << input;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, (folder_ / "in").c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, (folder_ / "out").c_str(), O_WRONLY | O_CREAT, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, (folder_ / "err").c_str(), O_WRONLY | O_CREAT, 0600);
    arguments.insert(arguments.begin(), DUJIANG_SIM);
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    if (::posix_spawn(&pid_, DUJIANG_SIM, &actions, nullptr, argv.data(), environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      wait();
    }
    std::filesystem::remove_all(folder_);
  }

  // Its exit status, when it has ended.
  int wait() {
    int status = -1;
    if (pid_ > 0) ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  void signal(int number) const { ::kill(pid_, number); }
  std::string out() const { return contents(folder_ / "out"); }
  std::string err() const { return contents(folder_ / "err"); }

 private:
  std::filesystem::path folder_;
  pid_t pid_ = -1;
};

class PortFile {
 public:
  PortFile()
      : path_(std::filesystem::temp_directory_path() / ("dujiang-sim-port-" + std::to_string(::getpid()))) {}
  PortFile(const PortFile&) = delete;
  PortFile& operator=(const PortFile&) = delete;
  ~PortFile() { std::filesystem::remove(path_); }

  std::string path() const { return path_.string(); }

  // The port in it, once it is there.
  std::string wait() const {
    for (int i = 0; i < 3000 && !std::filesystem::exists(path_); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    std::string port = contents(path_);
    if (port.ends_with('\n')) port.pop_back();
    return port;
  }

 private:
  std::filesystem::path path_;
};

TEST(AnswerCommand, PrintsTheAnswerToItsPrompt) {
  Program program({"answer", "What is a levee?"});
  EXPECT_EQ(program.wait(), 0);
  EXPECT_EQ(program.out(), AnswerText("What is a levee?").text() + "\n");
}

TEST(AnswerCommand, CutsAndSpeaksJsonOrThinks) {
  Program cut({"answer", "Why?", "--max-tokens", "3"});
  EXPECT_EQ(cut.wait(), 0);
  EXPECT_EQ(cut.out(), AnswerText("Why?").text(3) + "\n");
  Program json({"answer", "Why?", "--json"});
  EXPECT_EQ(json.wait(), 0);
  EXPECT_EQ(json.out(), AnswerText("Why?", Voice::json).text() + "\n");
  Program thought({"answer", "Why?", "--thought"});
  EXPECT_EQ(thought.wait(), 0);
  EXPECT_EQ(thought.out(), AnswerText("Why?", Voice::reasoning).text() + "\n");
}

TEST(AnswerCommand, AnswersALinePerLineOfItsInput) {
  Program program({"answer", "--stdin"}, "\"One\\nline\"\n\"\\u4f60\\u597d\"\n");
  EXPECT_EQ(program.wait(), 0);
  std::istringstream lines(program.out());
  for (const std::string_view prompt : {"One\nline", "你好"}) {
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_EQ(boost::json::parse(line), boost::json::value(AnswerText(prompt).text()));
  }
}

TEST(AnswerCommand, SaysWhichLineIsNotAJsonString) {
  Program program({"answer", "--stdin"}, "\"fine\"\nnot fine\n");
  EXPECT_EQ(program.wait(), 1);
  EXPECT_THAT(program.err(), HasSubstr("line 2 is not a JSON string"));
}

TEST(AnswerCommand, WantsAPrompt) {
  Program program({"answer"});
  EXPECT_NE(program.wait(), 0);
  EXPECT_THAT(program.err(), HasSubstr("PROMPT or --stdin"));
}

TEST(ListCommands, NameScenariosAndFaults) {
  Program scenarios({"scenarios"});
  EXPECT_EQ(scenarios.wait(), 0);
  EXPECT_THAT(scenarios.out(), HasSubstr("\nstorm "));
  Program faults({"faults"});
  EXPECT_EQ(faults.wait(), 0);
  EXPECT_THAT(faults.out(), HasSubstr("\n30 "));
  Program show({"show", "outage"});
  EXPECT_EQ(show.wait(), 0);
  EXPECT_THAT(show.out(), HasSubstr("phases:\n"));
  Program unknown({"show", "drought"});
  EXPECT_EQ(unknown.wait(), 1);
  EXPECT_THAT(unknown.err(), HasSubstr("there is no scenario 'drought'"));
}

class Signalled : public testing::TestWithParam<int> {};

TEST_P(Signalled, EndsWithSuccess) {
  const PortFile file;
  Program program({"serve", "--port", "0", "--port-file", file.path(), "--scenario", "storm"});
  const std::string port = file.wait();
  EXPECT_GT(std::stoi(port), 0);
  EXPECT_THAT(program.out(), StartsWith("dujiang-sim: scenario storm at http://127.0.0.1:" + port + "/v1"));
  program.signal(GetParam());
  EXPECT_EQ(program.wait(), 0);
}

INSTANTIATE_TEST_SUITE_P(Signals, Signalled, testing::Values(SIGTERM, SIGINT));

TEST(ServeCommand, SaysThatAPortIsInUse) {
  const PortFile file;
  Program first({"serve", "--port-file", file.path()});
  const std::string port = file.wait();
  Program second({"serve", "--port", port});
  EXPECT_EQ(second.wait(), 1);
  EXPECT_THAT(second.err(), HasSubstr("127.0.0.1:" + port + ": the port is in use"));
}

struct Wrong {
  std::vector<std::string> arguments;
  std::string_view message;
};

class WrongServe : public testing::TestWithParam<Wrong> {};

TEST_P(WrongServe, IsRefusedWithWhatIsWrong) {
  std::vector<std::string> arguments = GetParam().arguments;
  arguments.insert(arguments.begin(), "serve");
  Program program(std::move(arguments));
  EXPECT_NE(program.wait(), 0);
  EXPECT_THAT(program.err(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongServe,
    testing::Values(Wrong{{"--scenario", "drought"}, "there are account-limit, blank-answers"},
                    Wrong{{"--fault", "31"}, "there is no fault '31'"}, Wrong{{"--speed", "0"}, "--speed"},
                    Wrong{{"--listen", "everywhere"}, "everywhere"}, Wrong{{"--port", "70000"}, "--port"},
                    Wrong{{"--port-file", "/nowhere/port"}, "cannot write the port file /nowhere/port"},
                    Wrong{{"--models"}, "--models"}, Wrong{{"--storm"}, "--storm"}));

}  // namespace
}  // namespace dujiang::sim
