// An endpoint's examination on a loop, and its findings by name.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "doctor/endpoint.hpp"
#include "support/raw_upstream.hpp"
#include "support/run.hpp"

namespace dujiang::testing {

using namespace std::chrono_literals;
using diagnosis::Finding;
using diagnosis::Level;
namespace check = diagnosis::check;

inline constexpr const char* kKey = "sk-of-a-test-1234";
inline constexpr const char* kModels = R"({"object":"list","data":[{"id":"deepseek-chat"}]})";
inline constexpr const char* kBalance =
    R"({"is_available":true,"balance_infos":[{"currency":"CNY","total_balance":"50.00"}]})";
inline constexpr const char* kNoKey =
    R"({"error":{"message":"Authentication Fails","type":"authentication_error","param":null,"code":"x"}})";

// DeepSeek in good health.
inline std::string healthy(const HeardRequest& request) {
  if (request.header("Authorization") != "Bearer " + std::string(kKey)) return json_answer(401, kNoKey);
  if (request.target == "/models") return json_answer(200, kModels);
  if (request.target == "/user/balance") return json_answer(200, kBalance);
  return event_answer({chunk_of(R"({"content":"Hi"})"), chunk_of("{}", R"("length")"), "[DONE]"});
}

inline RawUpstream::Answer answers(std::function<std::string(const HeardRequest&)> how) {
  return [how = std::move(how)](RawSocket& socket, const HeardRequest& request) {
    return socket.say(how(request));
  };
}

// Healthy but for what it says to this target with a key.
inline RawUpstream::Answer healthy_but(std::string target, std::string says) {
  return answers([target = std::move(target), says = std::move(says)](const HeardRequest& request) {
    const bool has_key = request.headers.get("Authorization").has_value();
    return has_key && request.target == target ? says : healthy(request);
  });
}

class DoctorTest : public ::testing::Test {
 protected:
  static doctor::EndpointCase case_of(const std::string& url) {
    route::UpstreamSpec spec{.name = "main", .dialect = "deepseek"};
    spec.endpoints.push_back({.url = url});
    spec.accounts.push_back({.name = "default", .keys = {route::Secret(kKey)}});
    return {.spec = std::make_shared<const route::UpstreamSpec>(std::move(spec)),
            .wanted = {.by_target = {"deepseek-chat"}}};
  }
  static doctor::EndpointCase case_of(const RawUpstream& upstream) {
    return case_of("http://127.0.0.1:" + std::to_string(upstream.port()));
  }
  static route::UpstreamSpec& change(doctor::EndpointCase& endpoint) {
    auto spec = std::make_shared<route::UpstreamSpec>(*endpoint.spec);
    endpoint.spec = spec;
    return *spec;
  }

  void examine(doctor::EndpointCase endpoint, adapters::net::ResolverSettings resolver = {}) {
    section_ = run(loop_, doctor::examine_endpoint(loop_, std::move(endpoint), std::move(resolver)));
    for (const Finding& finding : section_.findings) {
      EXPECT_THAT(finding.found + finding.advice, ::testing::Not(::testing::HasSubstr(kKey)));
    }
  }

  // The first of that name.
  Finding found(std::string_view name) const {
    const auto at = std::ranges::find(section_.findings, name, &Finding::check);
    return at == section_.findings.end() ? Finding{.check = "none of this name"} : *at;
  }
  Level level(std::string_view name) const { return found(name).level; }
  std::size_t count(Level level) const {
    return static_cast<std::size_t>(std::ranges::count(section_.findings, level, &Finding::level));
  }

  runtime::EpollLoop loop_{1};
  diagnosis::Section section_;
};

}  // namespace dujiang::testing
