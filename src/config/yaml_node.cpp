#include "config/yaml_node.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <utility>

namespace dujiang::config {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;
constexpr std::size_t kMaxNodes = 20'000;
constexpr std::size_t kMaxDepth = 32;

// Leaves yaml-cpp's parser from within an event; caught by parse_yaml().
struct Refused {
  Problem problem;
};

[[noreturn]] void refuse(int line, std::string message) { throw Refused{{line, "", std::move(message)}}; }

bool begins_with_tab(std::string_view text, int line) {
  for (int i = 1; i < line && !text.empty(); ++i) {
    const auto end = text.find('\n');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return text.starts_with('\t');
}

std::size_t count_nodes(const YamlNode& node) {
  std::size_t count = 1;
  for (const YamlNode& item : node.items) count += count_nodes(item);
  for (const Entry& entry : node.entries) count += count_nodes(entry.value);
  return count;
}

// Builds the tree from the parser's events.
class Builder : public YAML::EventHandler {
 public:
  YamlNode take() && { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(mark, YamlNode::Kind::null), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = make(mark, YamlNode::Kind::scalar);
    node.text = value;
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end()) refuse(mark.line + 1, "an alias stands inside what it stands for");
    count(mark.line + 1, count_nodes(found->second));
    add(found->second, YAML::NullAnchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(mark, YamlNode::Kind::list), anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(mark, YamlNode::Kind::map), anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor;
    std::optional<std::pair<std::string, int>> key;  // read, its value not yet
  };

  void count(int line, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > kMaxNodes) refuse(line, fmt::format("more than {} values, aliases included", kMaxNodes));
  }

  YamlNode make(const YAML::Mark& mark, YamlNode::Kind kind) {
    const int line = mark.line + 1;
    count(line, 1);
    YamlNode node;
    node.kind = kind;
    node.line = line;
    return node;
  }

  void open(YamlNode node, YAML::anchor_t anchor) {
    if (open_.size() == kMaxDepth) refuse(node.line, fmt::format("nested deeper than {} levels", kMaxDepth));
    open_.push_back({std::move(node), anchor, std::nullopt});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.node), done.anchor);
  }

  void add(YamlNode node, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      count(node.line, count_nodes(node));
      anchored_[anchor] = node;
    }
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::list) {
      parent.node.items.push_back(std::move(node));
    } else if (parent.key) {
      // What is missing is missed where its key stands, not at the word that follows.
      if (node.kind == YamlNode::Kind::null) node.line = parent.key->second;
      parent.node.entries.push_back({std::move(parent.key->first), parent.key->second, std::move(node)});
      parent.key.reset();
    } else {
      set_key(parent, node);
    }
  }

  static void set_key(Open& parent, YamlNode& node) {
    if (node.kind != YamlNode::Kind::scalar) refuse(node.line, "a key must be a word");
    if (const Entry* twice = parent.node.find(node.text)) {
      refuse(node.line,
             fmt::format("the key `{}` stands here a second time, first on line {}; keep one of them",
                         node.text, twice->line));
    }
    parent.key.emplace(std::move(node.text), node.line);
  }

  YamlNode root_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, YamlNode> anchored_;
  std::size_t nodes_ = 0;
};

}  // namespace

const Entry* YamlNode::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

YamlNode YamlNode::scalar(int line, std::string text) {
  YamlNode node;
  node.kind = Kind::scalar;
  node.line = line;
  node.text = std::move(text);
  return node;
}

std::expected<YamlNode, Problem> parse_yaml(std::string_view text) {
  if (text.size() > kMaxBytes) {
    return std::unexpected(Problem{0, "", fmt::format("is larger than {} bytes", kMaxBytes)});
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder;
    const bool has_document = parser.HandleNextDocument(builder);
    YamlNode root = std::move(builder).take();
    Builder second;
    if (has_document && parser.HandleNextDocument(second)) {
      return std::unexpected(
          Problem{std::move(second).take().line, "", "a second document begins here; keep one"});
    }
    if (root.kind == YamlNode::Kind::null) root.kind = YamlNode::Kind::map;
    return root;
  } catch (const Refused& refused) {
    return std::unexpected(refused.problem);
  } catch (const YAML::Exception& error) {
    const int line = error.mark.is_null() ? 0 : error.mark.line + 1;
    const std::string reason = begins_with_tab(text, line) ? "indent with spaces, not with tabs" : error.msg;
    return std::unexpected(Problem{line, "", "is not valid YAML: " + reason});
  }
}

}  // namespace dujiang::config
