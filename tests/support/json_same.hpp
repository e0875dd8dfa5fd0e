// Whether two JSON texts say the same, whatever the order of keys and the whitespace.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/json.hpp"

namespace dujiang::testing {

// A text that is equal for equal values: keys sorted, no whitespace.
inline std::string canonical(api::JsonValue value) {
  switch (value.type()) {
    case api::JsonType::object: {
      std::map<std::string, std::string> members;
      value.for_each_member([&](std::string_view key, api::JsonValue member) {
        EXPECT_TRUE(members.emplace(key, canonical(member)).second) << "key twice: " << key;
      });
      std::string out = "{";
      for (const auto& [key, text] : members)
        out.append("\"").append(key).append("\":").append(text).append(",");
      return out + "}";
    }
    case api::JsonType::array: {
      std::string out = "[";
      value.for_each_element([&](api::JsonValue element) { out.append(canonical(element)).append(","); });
      return out + "]";
    }
    case api::JsonType::string:
      return "\"" + std::string(*value.string()) + "\"";
    case api::JsonType::integer:
    case api::JsonType::number:
      return std::to_string(*value.number());
    case api::JsonType::boolean:
      return *value.boolean() ? "true" : "false";
    case api::JsonType::null:
      return "null";
  }
  return "?";
}

inline std::string canonical(std::string_view text) {
  api::JsonParser parser;
  const auto root = parser.parse(text);
  return root ? canonical(*root) : "no JSON (" + root.error().what + "): " + std::string(text);
}

}  // namespace dujiang::testing

#define EXPECT_SAME_JSON(got, wanted)                             \
  EXPECT_EQ(::dujiang::testing::canonical(std::string_view(got)), \
            ::dujiang::testing::canonical(std::string_view(wanted)))
