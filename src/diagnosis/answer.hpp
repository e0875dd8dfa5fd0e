// Judges what an endpoint answers: whether it is the API at all, its clock, keys, models, balance and a
// token.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "diagnosis/finding.hpp"
#include "http/headers.hpp"
#include "provider/code.hpp"
#include "provider/dialect.hpp"

namespace dujiang::diagnosis {

// One answer, or why there was none.
struct AnswerSeen {
  enum class Trouble : std::uint8_t { none, broken, timed_out };
  Trouble trouble = Trouble::none;
  std::string failure{};  // of a broken one, in words
  int status = 0;         // 0: no head came
  http::Headers headers{};
  std::string body{};  // secrets taken out
  base::Duration took{};
  base::WallTime at{};  // this machine's time when it had come
};

// What was answered to a request for the list of models without a key. `url` is what was asked for.
Finding judge_answer(const AnswerSeen& seen, std::string_view url);

// Whether it is worth asking on: an answer came, and of an API rather than of a page.
bool speaks_api(const AnswerSeen& seen);

// Whether who asks without a key gets the list: then the list says nothing of a key.
bool lists_for_all(const AnswerSeen& seen);

// This machine's clock against the answer's Date.
Finding judge_clock(const AnswerSeen& seen);

// Whose key was tried.
struct KeyTried {
  std::string account;
  std::string masked;  // "****1234"; empty: no key is sent
};

// What was answered to a request for the list of models with a key.
Finding judge_key(const KeyTried& tried, const AnswerSeen& seen, const provider::Dialect& dialect);

// The same, where the list is open to all, and so only a call can tell. `call`: the verdict of the call with
// that key, if there was one.
Finding judge_key_by_call(const KeyTried& tried, const Finding* call);

// The models that the configuration asks this upstream for.
struct ModelsWanted {
  std::vector<std::string> by_target;  // a target's `model`: callers never see another
  std::vector<std::string> by_route;   // names that callers may say, passed on as they are
};

// The names in a list of models; nothing where the body is no such list.
std::optional<std::vector<std::string>> read_models(std::string_view body);

Finding judge_models(const AnswerSeen& seen, const ModelsWanted& wanted);

// The model to try a call with: one that the configuration asks for, if possible one that is offered.
std::string model_to_try(const ModelsWanted& wanted, const std::vector<std::string>& offered);

Finding judge_balance(const KeyTried& tried, const AnswerSeen& seen, const provider::Dialect& dialect);

// A streamed call for one token.
struct TokenSeen {
  std::string asked;   // model
  std::string served;  // the model that the answer names
  provider::Code code = provider::Code::ok;
  int status = 0;
  std::string words{};  // the upstream's, of an error
  std::optional<base::Duration> first_token{};
  base::Duration took{};
  bool kept_alive = false;  // signs of life came
};

Finding judge_token(const TokenSeen& seen);

}  // namespace dujiang::diagnosis
