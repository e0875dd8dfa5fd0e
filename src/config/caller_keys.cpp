#include "config/caller_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

#include "base/ascii.hpp"
#include "config/nearest.hpp"

namespace dujiang::config {
namespace {

// Where an entry stands.
struct Place {
  std::string file{};  // empty: the configuration's own
  int line = 0;        // in `file`
  std::string path{};  // in the configuration's own
};

class Assembly {
 public:
  Assembly(const std::vector<RouteShape>& routes, Reader& reader) : reader_(reader) {
    for (const RouteShape& route : routes) route_names_.push_back(route.spec.name);
  }

  void add(const route::CallerKeySpec& key, const Place& place) {
    const std::string here = place.file.empty() ? place.path : fmt::format("{}:{}", place.file, place.line);
    const auto [first, fresh] = ids_.emplace(key.id, here);
    if (!fresh) blame(place, "id", fmt::format("is also the one of {}; remove one of them", first->second));
    for (const std::string& route : key.routes) {
      if (std::ranges::find(route_names_, route) != route_names_.end()) continue;
      blame(place, "routes", fmt::format("there is no route `{}`{}", route, suggestion(route, route_names_)));
    }
    keys_.push_back(key);
  }

  void read_file(const std::string& file) {
    const auto content = reader_.environment().read_file(file);
    if (!content) {
      reader_.problem_at("caller_keys.keys_file",
                         fmt::format("the file {} cannot be read: {}", file, content.error().message));
      return;
    }
    if (others_may_read(file, reader_.environment())) {
      reader_.warn(fmt::format("{} can be read by other users; chmod 600 it", file));
    }
    std::string_view rest = *content;
    for (int line = 1; !rest.empty(); ++line) {
      const auto end = rest.find('\n');
      read_line(base::trim(rest.substr(0, end)), {.file = file, .line = line});
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }

  std::vector<route::CallerKeySpec> take() && { return std::move(keys_); }

 private:
  void blame(const Place& place, std::string_view key, std::string message) {
    if (place.file.empty()) {
      reader_.problem_at(fmt::format("{}.{}", place.path, key), std::move(message));
    } else {
      reader_.problem_in(place.file, {place.line, std::string(key), std::move(message)});
    }
  }

  void read_line(std::string_view text, const Place& place) {
    if (text.empty() || text.starts_with('#')) return;
    const auto node = parse_yaml(text);
    const bool is_entry = node && node->kind == YamlNode::Kind::list && node->items.size() == 1;
    if (!is_entry) {
      reader_.problem_in(place.file, {place.line, "",
                                      "must be one key, `- {name: …, id: …, hash: …}`, as `dujiang key new "
                                      "NAME` prints it"});
      return;
    }
    Reader quiet(reader_.environment());
    route::CallerKeySpec key;
    read_table(caller_key_table(), quiet, node->items.front(), "", key);
    for (const Problem& problem : quiet.problems()) {
      reader_.problem_in(place.file, {place.line, problem.path, problem.message});
    }
    if (quiet.problems().empty()) add(key, place);
  }

  Reader& reader_;
  std::vector<std::string_view> route_names_;
  std::map<std::string, std::string> ids_;  // id → where it came first
  std::vector<route::CallerKeySpec> keys_;
};

}  // namespace

CallerKeys assemble_caller_keys(const CallerKeys& shape, const std::vector<RouteShape>& routes,
                                Reader& reader) {
  CallerKeys all;
  Assembly assembly(routes, reader);
  for (std::size_t i = 0; i < shape.keys.size(); ++i) {
    assembly.add(shape.keys[i], {.path = fmt::format("caller_keys.keys[{}]", i)});
  }
  if (shape.keys_file) {
    all.keys_file = resolve(*shape.keys_file, reader.environment());
    assembly.read_file(*all.keys_file);
  } else if (shape.keys.empty()) {
    reader.problem_at("caller_keys", "names no key; give `keys` or `keys_file`, or remove it");
  }
  all.keys = std::move(assembly).take();
  if (all.keys.empty()) reader.warn("caller_keys: there is no key, so that nobody may call");
  return all;
}

std::string caller_key_entry(const route::CallerKeySpec& key) {
  return fmt::format("- {{name: {}, id: {}, hash: {}}}", to_line(Value::string(key.name)),
                     to_line(Value::string(key.id)), to_line(Value::string(route::to_text(key.hash))));
}

}  // namespace dujiang::config
