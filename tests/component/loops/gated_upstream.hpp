// An upstream that answers nobody before it is told to, and counts how many wait for it at once.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace dujiang::testing {

class GatedUpstream {
 public:
  // With the gate open every request is answered at once.
  explicit GatedUpstream(bool open);
  GatedUpstream(const GatedUpstream&) = delete;
  GatedUpstream& operator=(const GatedUpstream&) = delete;
  ~GatedUpstream();

  std::uint16_t port() const { return port_; }
  void open_gate();

  // Waits, up to 20 s, until so many requests are here; how many are.
  std::size_t await_inside(std::size_t count);
  // The most that were ever here at once, and all that ever came. A request leaves before its answer does, so
  // whoever has the answer may send the next one.
  std::size_t most_inside() const;
  std::size_t served() const;

 private:
  void accept_all();
  void serve(int fd);
  bool let_through();

  int listener_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool open_;
  bool ending_ = false;
  std::size_t inside_ = 0;
  std::size_t most_inside_ = 0;
  std::size_t served_ = 0;
  std::vector<int> connections_;  // open ones, so that the end can shut them
  std::vector<std::thread> threads_;
  std::thread accepting_;
};

}  // namespace dujiang::testing
