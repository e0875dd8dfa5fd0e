// A program that a test starts, hears and ends. No call waits longer than twenty seconds.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace dujiang::testing {

class Child {
 public:
  struct Setup {
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment{};  // all of it: the test's own is not passed on
    unsigned descriptors = 0;                          // soft limit; 0: the test's own
  };

  // Starts `program`; its standard output and error are pipes.
  Child(const std::string& program, const Setup& setup);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  // Kills it where it still runs.
  ~Child();

  // The next line on stderr, without its end; empty at its end or when none comes.
  std::string error_line();

  // What is left on either after the program has ended.
  std::string rest_of_error();
  std::string rest_of_output();

  void signal(int number) const;

  // Waits for the end: the exit status, 128 + signal where a signal ended it, or -1 where it did not end.
  int wait();

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  int error_ = -1;
  std::string heard_;
};

}  // namespace dujiang::testing
