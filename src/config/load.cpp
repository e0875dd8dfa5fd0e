#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "config/config.hpp"
#include "config/reloadable.hpp"
#include "config/shape.hpp"
#include "config/yaml_node.hpp"

namespace dujiang::config {

std::expected<Config, Problems> parse(std::string_view yaml, const Environment& environment,
                                      const Overrides& overrides, const Config* running) {
  auto root = parse_yaml(yaml);
  if (!root) return std::unexpected(Problems{std::move(root.error())});
  Reader reader(environment);
  Shape shape;
  read_table(root_table(), reader, *root, "", shape);
  if (!reader.problems().empty()) return std::unexpected(reader.problems());
  Config config = assemble(std::move(shape), reader, overrides);
  if (running != nullptr) check_reloadable(*running, config, reader);
  if (!reader.problems().empty()) return std::unexpected(reader.problems());
  return config;
}

std::expected<Config, Problems> load(const std::string& path, const Environment& environment,
                                     const Overrides& overrides, const Config* running) {
  const auto content = environment.read_file(path);
  if (!content) {
    return std::unexpected(Problems{{0, "", fmt::format("cannot be read: {}", content.error().message)}});
  }
  Environment inside = environment;
  inside.folder = std::filesystem::path(path).parent_path().string();
  return parse(*content, inside, overrides, running);
}

std::string builtin_yaml(const Environment& environment) {
  const auto key = environment.variable("DEEPSEEK_API_KEY");
  const bool has_key = key && !key->empty();
  return fmt::format(
      R"(version: 1
upstreams:
  - name: deepseek
    dialect: deepseek
    base_url: https://api.deepseek.com
    {}
routes:
  - name: all
    match: [deepseek-flash, deepseek-v4-pro, deepseek-v4-flash, deepseek-chat, deepseek-reasoner, "*"]
    targets:
      - upstream: deepseek
)",
      has_key ? "api_key: ${DEEPSEEK_API_KEY}" : "pass_through_key: true");
}

std::string effective_yaml(const Config& config) {
  Value file = show_table(root_table(), to_shape(config));
  // Every route has taken what it wanted from them.
  std::erase_if(file.entries, [](const ValueEntry& entry) { return entry.key == "defaults"; });
  return to_yaml(file);
}

}  // namespace dujiang::config
