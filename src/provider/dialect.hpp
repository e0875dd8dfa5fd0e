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

// What becomes of a top-level field of the request that this vendor does not know.
struct FieldRule {
  std::string_view field;
  // Translates or drops the field, which is present. Null: drop it.
  void (*apply)(api::JsonObjectEdit& body, std::string_view value) = nullptr;
};

// The same inside each message.
using MessageRule = FieldRule;

// An error's meaning. The first rule that matches wins; rules of the dialect come before the common ones.
struct ErrorRule {
  int status = 0;            // 0: any
  std::string_view code;     // equals error.code or error.type, as text ("" matches any; 50508 is "50508")
  std::string_view message;  // is part of the message, without regard to case ("" matches any)
  Code means = Code::upstream_error;
};

struct Dialect {
  std::string_view name;
  std::string_view summary;  // one sentence, for --help and the reference

  std::span<const OperationPath> paths;
  bool unstreamed_as_stream = false;  // the default of `unstreamed`
  bool stream_usage = true;           // knows stream_options.include_usage

  std::span<const FieldRule> request_fields;
  std::span<const MessageRule> message_fields;

  // Shapes of answers to bring into the normal form (rule 13).
  std::string_view reasoning_field;                  // its name for reasoning_content; empty: the same
  bool inline_think = false;                         // thinking may stand in content, in <think>…</think>
  std::span<const std::string_view> finish_reasons;  // final ones besides the common ones

  std::span<const ErrorRule> errors;
  // An attempt that only waited and ends after about this long has expired in the upstream's queue; 0:
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
