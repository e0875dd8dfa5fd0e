// One HTTP request to the busy server, read whole.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/task.hpp"
#include "sim/fault.hpp"
#include "sim/wire.hpp"

namespace dujiang::sim {

struct Request {
  std::string method;
  std::string path;  // without /v1 and /beta
  std::string query;
  bool beta = false;
  std::string key;                        // of `Authorization: Bearer …`
  std::vector<std::string> fault_fields;  // values of x-sim-fault
  bool keep_alive = true;
  bool old_http = false;  // HTTP/1.0
  std::string body;
};

// A request that cannot be read on from: answered, then the connection closes.
struct BadRequest {
  int status = 400;
  std::string message;
};

struct CallerLeft {};

using ReadRequest = std::variant<Request, BadRequest, CallerLeft>;

// The next request of the connection.
runtime::Task<ReadRequest> read_request(Wire& wire);

}  // namespace dujiang::sim
