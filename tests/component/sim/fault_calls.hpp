// A call per fault: the prompt that asks for it, the answer that belongs to it, and what the log says of it.
#pragma once

#include <string>
#include <string_view>

#include "component/sim/fixture.hpp"
#include "sim/answer.hpp"

namespace dujiang::sim {

inline std::string with(std::string_view fault) {
  return "What flows? [[sim-tokens 30]] [[sim-fault " + std::string(fault) + "]]";
}

inline std::string answer(std::string_view fault) { return AnswerText(with(fault)).text(); }

class FaultTest : public SimTest {
 protected:
  void SetUp() override { start(); }

  Reply stream(std::string_view fault, std::string_view more = {}) const {
    return chat(with(fault), true, more);
  }
  Reply whole(std::string_view fault) const { return chat(with(fault), false); }
  // The end of the log's last line.
  std::string last_outcome() const {
    const std::string log = get("/sim/log").body;
    const std::size_t at = log.rfind(R"("outcome":")") + 11;
    return log.substr(at, log.find('"', at) - at);
  }
};

}  // namespace dujiang::sim
