// A provider's way of speaking: its paths, its fields, its answers' shapes and what its errors mean.
//
// A dialect is constant data; one file per dialect, one golden table per file (tests/golden/dialects). To add
// one: write its file, name it in registry.cpp, write its table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/json_edit.hpp"
#include "api/operation.hpp"
#include "base/time.hpp"
#include "provider/code.hpp"

namespace dujiang::provider {

// Where an operation lives below the base URL. An operation without a path is not offered.
struct OperationPath {
  api::Operation operation;
  std::string_view path;  // "{model}" stands for the percent-encoded id
};

// What becomes of a field of the request that this vendor does not know. Fields without a rule pass
// untouched.
struct FieldRule {
  std::string_view field;
  // Translates the field, which is present, in its object. Null: the field is dropped.
  void (*translate)(api::JsonObjectEdit& object, std::string_view value) = nullptr;
};

// How an answer can be made to go on from the last message.
enum class Prefix : std::uint8_t {
  none,                    // it cannot: the dialect offers no beta_chat
  marked,                  // the message says "prefix": true
  last_message,            // a last message of the assistant is always gone on from
  continue_final_message,  // the request says "continue_final_message": true
};

// An error's meaning. The first rule that matches wins; a dialect's rules come before the common ones, and
// where none matches the status decides.
struct ErrorRule {
  int status = 0;              // 0: any. 200: an error object inside a 200
  std::string_view code{};     // equals error.code or error.type, as text ("50508"); empty: any
  std::string_view message{};  // is part of the message, whatever the case; empty: any
  Code means = Code::upstream_error;
};

struct FinishAlias {
  std::string_view from;
  std::string_view to;
};

struct Dialect {
  std::string_view name;
  std::string_view summary;  // one sentence, for --help and the reference

  std::span<const OperationPath> paths;
  Prefix prefix = Prefix::none;
  bool unstreamed_as_stream = false;  // the default of `unstreamed`

  // Applied where the caller addressed another vendor (rule 13).
  std::span<const FieldRule> request_fields{};
  std::span<const FieldRule> message_fields{};

  // Shapes of answers that are brought into the normal form (rule 13).
  std::string_view reasoning_field{};  // its name for reasoning_content; empty: the same
  bool inline_think = false;           // thinking may stand at the start of content, in <think>…</think>
  std::span<const FinishAlias> finish_aliases{};

  std::span<const ErrorRule> errors{};
  // An attempt that only waited and ends after this long or longer has expired in the upstream's queue; 0:
  // unknown.
  base::Duration queue_expiry{};
};

// Null for an unknown name.
const Dialect* find_dialect(std::string_view name);
std::span<const Dialect* const> all_dialects();

// The path below the base URL; nothing where the dialect does not offer the operation. `model` is used by
// Operation::model only.
std::optional<std::string> target_path(const Dialect& dialect, api::Operation operation,
                                       std::string_view model);

// How this attempt differs from what the caller wrote.
struct AttemptForm {
  std::string_view model;      // the model's name at this target
  bool stream = false;         // whether the attempt streams
  bool include_usage = false;  // ask for the usage chunk, when streaming
  bool addressed = true;       // the caller addressed this vendor: fields that we don't know pass untouched
};

struct TranslatedRequest {
  std::string body;
  std::vector<std::string_view> changed;  // fields that were translated or dropped; of the dialect's tables
};

// The body for this target. REQUIRES: api::parse_call has accepted `body`.
TranslatedRequest translate_request(const Dialect& dialect, api::Operation operation, std::string_view body,
                                    const AttemptForm& form);

// An error as an upstream told it, flat or nested.
struct ErrorFacts {
  Code code = Code::upstream_error;
  int status = 0;  // HTTP status, or the one that an error object inside a 200 names
  std::string message;
  std::string type;
  std::string upstream_code;
  std::optional<std::string> param;
  std::optional<std::uint32_t> learned_limit;
  bool readable = false;  // the body was an error object
};

// Reads the body of an error answer, or an error object found inside a 200 (then `status` is 200).
ErrorFacts read_error(const Dialect& dialect, int status, std::string_view body);

}  // namespace dujiang::provider
