// One call to an upstream, as the gateway would make it, and what there was to see of it.
#pragma once

#include <optional>
#include <string>

#include "api/operation.hpp"
#include "base/time.hpp"
#include "diagnosis/answer.hpp"
#include "engine/upstream.hpp"
#include "ports/http_client.hpp"
#include "route/spec.hpp"
#include "runtime/loop.hpp"
#include "runtime/task.hpp"

namespace dujiang::doctor {

struct Question {
  api::Operation operation{};
  route::Secret key{};  // empty: none is sent
  std::string body{};   // of a call; it streams
  base::Duration patience{};
};

struct Heard {
  diagnosis::AnswerSeen answer;
  // Of a call:
  provider::Code code = provider::Code::ok;
  std::string words;  // the upstream's, of an error
  std::string model;  // that it says it served
  std::optional<base::Duration> first_token;
  bool kept_alive = false;
};

// By an attempt of the engine, so that its verdict is the gateway's. Loop and client outlive the task. The
// key is in nothing that comes back.
runtime::Task<Heard> ask(runtime::Loop& loop, ports::HttpClient& client, engine::Setup setup,
                         Question question);

}  // namespace dujiang::doctor
