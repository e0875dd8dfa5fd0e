#include "sim/pages.hpp"

#include <bit>
#include <cmath>
#include <cstdint>

#include "sim/draws.hpp"
#include "sim/json_text.hpp"
#include "sim/options.hpp"

namespace dujiang::sim {
namespace {

std::vector<float> vector_of(std::string_view input, std::size_t dimensions) {
  std::vector<float> out;
  double square_sum = 0;
  for (std::size_t i = 0; i < dimensions; ++i) {
    const double value = 2 * to_unit(mix(fnv1a64(input) ^ mix(i))) - 1;
    out.push_back(static_cast<float>(value));
    square_sum += value * value;
  }
  for (float& value : out) value = static_cast<float>(value / std::sqrt(square_sum));
  return out;
}

std::string as_numbers(const std::vector<float>& vector) {
  std::string out = "[";
  for (const float value : vector) out += (out.size() == 1 ? "" : ",") + std::to_string(value);
  return out + ']';
}

// 32-bit floats, little-endian.
std::string as_base64(const std::vector<float>& vector) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  for (const float value : vector) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(bits >> shift & 0xff);
  }
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t triple = 0;
    for (std::size_t k = i; k < i + 3; ++k) {
      triple = triple << 8 | (k < bytes.size() ? static_cast<unsigned char>(bytes[k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += i + k > bytes.size() ? '=' : kDigits[triple >> (18 - 6 * k) & 63];
    }
  }
  return out;
}

}  // namespace

std::vector<std::string> default_models() {
  return {"deepseek-flash", "deepseek-v4-pro", "deepseek-v4-flash", "deepseek-chat", "deepseek-reasoner"};
}

std::string model_object(std::string_view model) {
  return R"({"id":)" + quoted(model) + R"(,"object":"model","owned_by":"deepseek"})";
}

std::string models_page(const std::vector<std::string>& models) {
  std::string list;
  for (const std::string& model : models) list += (list.empty() ? "" : ",") + model_object(model);
  return R"({"object":"list","data":[)" + list + "]}";
}

std::string balance_page() {
  return R"({"is_available":true,"balance_infos":[{"currency":"CNY","total_balance":"110.00",)"
         R"("granted_balance":"10.00","topped_up_balance":"100.00"}]})";
}

std::string embeddings_page(const EmbeddingsRequest& request) {
  std::string data;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < request.inputs.size(); ++i) {
    const auto vector = vector_of(request.inputs[i], request.dimensions);
    data += (i == 0 ? "" : ",") + std::string(R"({"object":"embedding","index":)") + std::to_string(i) +
            R"(,"embedding":)" + (request.base64 ? quoted(as_base64(vector)) : as_numbers(vector)) + '}';
    bytes += request.inputs[i].size();
  }
  const std::string tokens = std::to_string(bytes / 4 + 1);
  return R"({"object":"list","data":[)" + data + R"(],"model":)" + quoted(request.model) +
         R"(,"usage":{"prompt_tokens":)" + tokens + R"(,"total_tokens":)" + tokens + "}}";
}

}  // namespace dujiang::sim
