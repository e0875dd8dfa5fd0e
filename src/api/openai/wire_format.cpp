#include "api/openai/wire_format.hpp"

#include "api/openai/envelope.hpp"
#include "api/openai/models.hpp"
#include "api/openai/stream_writer.hpp"

namespace dujiang::api::openai {
namespace {

constexpr std::string_view kOwner = "dujiang";

class OpenAiFormat final : public WireFormat {
 public:
  PathMatch match(std::string_view method, std::string_view path) const override {
    return match_path(method, path);
  }
  std::expected<Call, ApiError> read(Operation operation, std::string_view body) const override {
    return parse_call(operation, body);
  }

  std::string error_body(const ApiError& error) const override { return openai::error_body(error); }
  std::string error_event(const ApiError& error) const override { return openai::error_event(error); }
  void add_error_headers(const ApiError& error, http::Headers& headers) const override {
    openai::add_error_headers(error, headers);
  }

  std::unique_ptr<StreamEncoder> stream(const Call& call) const override {
    return std::make_unique<StreamWriter>(call.include_usage);
  }
  std::string_view sign_of_life(bool stream) const override {
    return stream ? kKeepAliveComment : kKeepAliveBlank;
  }
  std::string late_headers(const http::Headers& headers) const override {
    return late_headers_comment(headers);
  }
  void append_comment(std::string& out, std::string_view text) const override {
    openai::append_comment(out, text);
  }

  std::string models_body(std::span<const std::string> ids, std::int64_t created) const override {
    return openai::models_body(ids, created, kOwner);
  }
  std::string model_body(std::string_view id, std::int64_t created) const override {
    return openai::model_body(id, created, kOwner);
  }
};

}  // namespace

const WireFormat& wire_format() {
  static const OpenAiFormat format;
  return format;
}

}  // namespace dujiang::api::openai
