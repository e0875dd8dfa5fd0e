// A server on loopback that does to each connection what a script says, byte for byte.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/net/listener.hpp"
#include "runtime/epoll_loop.hpp"

namespace dujiang::testing {

struct Step {
  enum class Kind : std::uint8_t {
    read_request,    // a head, and as much body as it announces
    read_head,       // no more than the head may be read
    send,            // text
    send_endlessly,  // text, again and again, until the connection ends
    await_end,       // until the client ends the connection
    pause,           // until the test says proceed()
    reset,
  };
  Kind kind;
  std::string text{};
};

inline Step read_request() { return {.kind = Step::Kind::read_request}; }
inline Step read_head() { return {.kind = Step::Kind::read_head}; }
inline Step send(std::string text) { return {.kind = Step::Kind::send, .text = std::move(text)}; }
inline Step send_endlessly(std::string text) {
  return {.kind = Step::Kind::send_endlessly, .text = std::move(text)};
}
inline Step await_end() { return {.kind = Step::Kind::await_end}; }
inline Step pause() { return {.kind = Step::Kind::pause}; }
inline Step reset() { return {.kind = Step::Kind::reset}; }

// What is done to one connection; at the script's end it is closed.
using Script = std::vector<Step>;

struct ScriptedServerState;

class ScriptedServer {
 public:
  // The n-th connection gets the n-th script, those after the last one the last.
  ScriptedServer(runtime::EpollLoop& loop, std::vector<Script> scripts);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string url(const std::string& path = "") const;
  std::string authority() const;  // "127.0.0.1:PORT"
  std::uint16_t port() const;
  void stop_listening();
  void proceed();  // one script goes on behind its pause

  const std::vector<std::string>& requests() const;  // as they came, heads and bodies
  std::size_t connections() const;                   // accepted so far
  std::size_t ended() const;                         // of these, how many scripts are through
  std::uint64_t sent() const;                        // bytes, over all connections

 private:
  std::shared_ptr<ScriptedServerState> state_;
};

}  // namespace dujiang::testing
