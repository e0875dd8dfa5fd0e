#include "scripted_server.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string_view>

namespace dujiang::testing {
namespace {

using adapters::net::Conn;
using adapters::net::IoResult;
using adapters::net::IoStatus;

// Longer than any test; so that a defect is a failure, not a hang.
base::TimePoint patience(const runtime::Loop& loop) { return loop.now() + std::chrono::seconds(20); }

std::size_t announced_length(std::string_view head) {
  constexpr std::string_view kName = "\r\nContent-Length: ";
  const std::size_t at = head.find(kName);
  if (at == std::string_view::npos) return 0;
  std::size_t length = 0;
  const std::string_view digits = head.substr(at + kName.size());
  std::from_chars(digits.data(), digits.data() + digits.size(), length);
  return length;
}

}  // namespace

struct ScriptedServerState {
  explicit ScriptedServerState(runtime::EpollLoop& on)
      : loop(on),
        listener(adapters::net::Listener::open(on, adapters::net::SocketAddress::parse("127.0.0.1:0").value())
                     .value()),
        address(listener->address()),
        go(on) {}

  const Script& script(std::size_t connection) const {
    return scripts[std::min(connection, scripts.size() - 1)];
  }

  runtime::EpollLoop& loop;
  std::unique_ptr<adapters::net::Listener> listener;
  adapters::net::SocketAddress address;
  runtime::Signal go;
  std::vector<Script> scripts;
  std::vector<std::string> requests;
  std::size_t connections = 0;
  std::size_t ended = 0;
  std::uint64_t sent = 0;
};

namespace {

// Reads into `got` until it has `size` bytes, or where that is 0 a whole head. False at the end of the
// stream.
runtime::Task<bool> read_until(runtime::EpollLoop& loop, Conn& conn, std::string& got, std::size_t size) {
  while (size > 0 ? got.size() < size : got.find("\r\n\r\n") == std::string::npos) {
    std::array<char, 4096> buffer{};
    // A head is read byte by byte, so that nothing behind it is taken from the kernel.
    const std::size_t room = size > 0 ? std::min(buffer.size(), size - got.size()) : 1;
    const IoResult result = conn.read(std::span(buffer).first(room));
    if (result.status == IoStatus::ok) {
      got.append(buffer.data(), result.bytes);
      continue;
    }
    if (result.status != IoStatus::would_block) co_return false;
    if (co_await conn.readable().wait(patience(loop)) == runtime::Wake::timeout) co_return false;
  }
  co_return true;
}

runtime::Task<bool> write_all(runtime::EpollLoop& loop, Conn& conn, std::string text, std::uint64_t& sent) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const IoResult result = conn.write(rest);
    if (result.status == IoStatus::ok) {
      rest.remove_prefix(result.bytes);
      sent += result.bytes;
      continue;
    }
    if (result.status != IoStatus::would_block) co_return false;
    if (co_await conn.writable().wait(patience(loop)) == runtime::Wake::timeout) co_return false;
  }
  co_return true;
}

// Reads and drops until the stream ends, however it does.
runtime::Task<void> read_to_end(runtime::EpollLoop& loop, Conn& conn) {
  std::string all;
  co_await read_until(loop, conn, all, std::string().max_size());
}

}  // namespace

namespace {

using StatePtr = std::shared_ptr<ScriptedServerState>;

runtime::Task<bool> read_message(StatePtr state, Conn& conn, Step::Kind how) {
  std::string got;
  bool ok = co_await read_until(state->loop, conn, got, 0);
  const std::size_t length = how == Step::Kind::read_head ? 0 : announced_length(got);
  if (ok && length > 0) ok = co_await read_until(state->loop, conn, got, got.size() + length);
  if (!got.empty()) state->requests.push_back(std::move(got));
  co_return ok;
}

// False: the rest of the script makes no sense any more.
runtime::Task<bool> perform(StatePtr state, Conn& conn, Step step) {
  switch (step.kind) {
    case Step::Kind::read_head:
    case Step::Kind::read_request:
      co_return co_await read_message(state, conn, step.kind);
    case Step::Kind::send:
      co_return co_await write_all(state->loop, conn, std::move(step.text), state->sent);
    case Step::Kind::send_endlessly:
      while (co_await write_all(state->loop, conn, step.text, state->sent)) {
      }
      co_return false;
    case Step::Kind::await_end:
      co_await read_to_end(state->loop, conn);
      co_return true;
    case Step::Kind::pause:
      co_return co_await state->go.wait(patience(state->loop)) == runtime::Wake::signalled;
    case Step::Kind::reset:
      conn.reset();
      co_return false;
  }
  co_return false;
}

runtime::Task<void> serve(StatePtr state, std::unique_ptr<Conn> conn, Script script) {
  for (Step& step : script) {
    if (!co_await perform(state, *conn, std::move(step))) break;
  }
  conn = nullptr;
  ++state->ended;
}

runtime::Task<void> accept_all(StatePtr state) {
  while (true) {
    adapters::net::Accepted accepted = co_await state->listener->accept();
    if (!accepted.conn) co_return;
    Script script = state->script(state->connections++);
    state->loop.spawn(serve(state, std::move(accepted.conn), std::move(script)));
  }
}

}  // namespace

ScriptedServer::ScriptedServer(runtime::EpollLoop& loop, std::vector<Script> scripts)
    : state_(std::make_shared<ScriptedServerState>(loop)) {
  state_->scripts = std::move(scripts);
  loop.spawn(accept_all(state_));
}

ScriptedServer::~ScriptedServer() { stop_listening(); }

std::string ScriptedServer::url(const std::string& path) const { return "http://" + authority() + path; }

std::string ScriptedServer::authority() const { return state_->address.to_string(); }

std::uint16_t ScriptedServer::port() const { return state_->address.port(); }

void ScriptedServer::stop_listening() { state_->listener->close(); }

void ScriptedServer::proceed() { state_->go.notify(); }

const std::vector<std::string>& ScriptedServer::requests() const { return state_->requests; }

std::size_t ScriptedServer::connections() const { return state_->connections; }

std::size_t ScriptedServer::ended() const { return state_->ended; }

std::uint64_t ScriptedServer::sent() const { return state_->sent; }

}  // namespace dujiang::testing
