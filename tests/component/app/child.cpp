#include "component/app/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace dujiang::testing {
namespace {

constexpr int kPatienceMs = 20'000;

// Reads once; false at the end, or when nothing comes.
bool read_some(int fd, std::string& into) {
  pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
  if (poll(&wait, 1, kPatienceMs) != 1) return false;
  std::array<char, 4096> bytes{};
  const ssize_t n = read(fd, bytes.data(), bytes.size());
  if (n <= 0) return false;
  into.append(bytes.data(), static_cast<std::size_t>(n));
  return true;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

Child::Child(const std::string& program, const Setup& setup) {
  std::vector<std::string> arguments = setup.arguments;
  arguments.insert(arguments.begin(), program);
  std::vector<std::string> environment;
  environment.reserve(setup.environment.size());
  for (const auto& [name, value] : setup.environment)
    environment.emplace_back(name).append("=").append(value);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);
  std::array<int, 2> output{};
  std::array<int, 2> error{};
  if (pipe2(output.data(), O_CLOEXEC) != 0 || pipe2(error.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("pipe2");
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ == 0) {
    dup2(output[1], STDOUT_FILENO);
    dup2(error[1], STDERR_FILENO);
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    if (setup.descriptors > 0) limit.rlim_cur = setup.descriptors;
    setrlimit(RLIMIT_NOFILE, &limit);
    execve(program.c_str(), argv.data(), envp.data());
    _exit(127);
  }
  close(output[1]);
  close(error[1]);
  output_ = output[0];
  error_ = error[0];
}

Child::~Child() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(output_);
  close(error_);
}

std::string Child::error_line() {
  std::size_t end = 0;
  while ((end = heard_.find('\n')) == std::string::npos) {
    if (!read_some(error_, heard_)) return {};
  }
  std::string line = heard_.substr(0, end);
  heard_.erase(0, end + 1);
  return line;
}

std::string Child::rest_of_error() {
  while (read_some(error_, heard_)) {
  }
  return std::exchange(heard_, {});
}

std::string Child::rest_of_output() {
  std::string out;
  while (read_some(output_, out)) {
  }
  return out;
}

void Child::signal(int number) const { kill(pid_, number); }

int Child::wait() {
  const int watch = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd ended{.fd = watch, .events = POLLIN, .revents = 0};
  const bool in_time = poll(&ended, 1, kPatienceMs) == 1;
  close(watch);
  if (!in_time) return -1;
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace dujiang::testing
