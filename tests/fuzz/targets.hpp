// What is fuzzed: one function per way in which bytes of strangers reach us. Each throws Broken where a
// property does not hold, so that the same functions serve libFuzzer (entry.cpp) and the replay of the
// corpora as ordinary tests (replay/).
#pragma once

#include <array>
#include <string_view>

namespace dujiang::fuzz {

void request_head(std::string_view bytes);
void response_head(std::string_view bytes);
void response(std::string_view bytes);
void chunked_body(std::string_view bytes);
void sse(std::string_view bytes);
void json_request(std::string_view bytes);
void proxy_header(std::string_view bytes);
void configuration(std::string_view bytes);
void classification(std::string_view bytes);

struct Target {
  std::string_view name;  // of its corpus and of its dictionary, too
  void (*run)(std::string_view bytes);
};

inline constexpr std::array kTargets{
    Target{.name = "request_head", .run = request_head},
    Target{.name = "response_head", .run = response_head},
    Target{.name = "response", .run = response},
    Target{.name = "chunked_body", .run = chunked_body},
    Target{.name = "sse", .run = sse},
    Target{.name = "json_request", .run = json_request},
    Target{.name = "proxy_header", .run = proxy_header},
    Target{.name = "configuration", .run = configuration},
    Target{.name = "classification", .run = classification},
};

}  // namespace dujiang::fuzz
