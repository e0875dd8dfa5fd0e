// The engine on two loops, in simulated time and turn by turn: upstreams live on either, callers come to
// both.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "support/engine_rig.hpp"

namespace dujiang::testing {

// What a gateway has on each of its loops.
struct RigLoop {
  RigLoop(std::uint64_t seed, engine::Commons& commons)
      : loop(seed), client(loop), gateway(loop, client, metrics, log, commons) {}

  // Begins a call; run the loops to see it through.
  std::shared_ptr<RigCall> begin(std::string body, http::Headers headers = {}) {
    auto call = std::make_shared<RigCall>(loop);
    call->body = std::move(body);
    call->headers = std::move(headers);
    call->path = "/v1/chat/completions";
    call->method = "POST";
    loop.spawn(see_through(loop, gateway, call));
    return call;
  }

  std::size_t sent() const { return client.seen().size(); }

  runtime::VirtualLoop loop;
  ports::ScriptedClient client;
  CountingMetrics metrics;
  KeptLog log;
  engine::Gateway gateway;
};

// The first upstream lives on `home`, so `away` asks for it by message.
class LoopsRig {
 public:
  explicit LoopsRig(engine::Settings settings) : commons(settings.retry_memory_bytes) {
    adopt(std::move(settings));
  }
  LoopsRig(const LoopsRig&) = delete;
  LoopsRig& operator=(const LoopsRig&) = delete;
  // Calls under way refer to the members: they end first.
  ~LoopsRig() { run(); }

  void adopt(engine::Settings settings) {
    const auto plan = upstreams.make_plan(std::make_shared<const engine::Settings>(std::move(settings)));
    for (RigLoop* at : {&home, &away}) at->gateway.adopt(*plan);
  }

  void run() { runtime::VirtualLoop::run_together({&home.loop, &away.loop}); }
  void run_for(base::Duration span) {
    runtime::VirtualLoop::run_together({&home.loop, &away.loop}, base::after(home.loop.now(), span));
  }
  // What is due at once on one loop only: messages to the other stay under way.
  static void turn(RigLoop& at) { at.loop.run_for(base::Duration{0}); }

  // A call to its end.
  std::shared_ptr<RigCall> call(RigLoop& at, std::string body, http::Headers headers = {}) {
    auto begun = at.begin(std::move(body), std::move(headers));
    run();
    return begun;
  }

  void expect(const std::string& upstream, const ports::Script& script) {
    home.client.expect(upstream, script);
    away.client.expect(upstream, script);
  }

  engine::Commons commons;
  RigLoop home{1, commons};
  RigLoop away{2, commons};
  engine::Upstreams upstreams{
      {{.loop = home.loop, .metrics = home.metrics}, {.loop = away.loop, .metrics = away.metrics}}};
};

}  // namespace dujiang::testing
