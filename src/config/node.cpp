#include "config/node.hpp"

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

std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const Node& item : node.items) count += count_nodes(item);
  for (const Entry& entry : node.entries) count += count_nodes(entry.value);
  return count;
}

// Builds the tree from the parser's events.
class Builder : public YAML::EventHandler {
 public:
  Node take() && { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(mark, Node::Kind::null), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = make(mark, Node::Kind::scalar);
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
    open(make(mark, Node::Kind::list), anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(mark, Node::Kind::map), anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor;
    std::optional<std::pair<std::string, int>> key;  // read, its value not yet
  };

  void count(int line, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > kMaxNodes) refuse(line, fmt::format("more than {} values, aliases included", kMaxNodes));
  }

  Node make(const YAML::Mark& mark, Node::Kind kind) {
    const int line = mark.line + 1;
    count(line, 1);
    Node node;
    node.kind = kind;
    node.line = line;
    return node;
  }

  void open(Node node, YAML::anchor_t anchor) {
    if (open_.size() == kMaxDepth) refuse(node.line, fmt::format("nested deeper than {} levels", kMaxDepth));
    open_.push_back({std::move(node), anchor, std::nullopt});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.node), done.anchor);
  }

  void add(Node node, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      count(node.line, count_nodes(node));
      anchored_[anchor] = node;
    }
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Node::Kind::list) {
      parent.node.items.push_back(std::move(node));
    } else if (parent.key) {
      parent.node.entries.push_back({std::move(parent.key->first), parent.key->second, std::move(node)});
      parent.key.reset();
    } else {
      set_key(parent, node);
    }
  }

  static void set_key(Open& parent, Node& node) {
    if (node.kind != Node::Kind::scalar) refuse(node.line, "a key must be a word");
    if (const Entry* twice = parent.node.find(node.text)) {
      refuse(node.line,
             fmt::format("the key `{}` stands here a second time, first on line {}; keep one of them",
                         node.text, twice->line));
    }
    parent.key.emplace(std::move(node.text), node.line);
  }

  Node root_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Node> anchored_;
  std::size_t nodes_ = 0;
};

}  // namespace

const Entry* Node::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

Node Node::scalar(int line, std::string text) {
  Node node;
  node.kind = Kind::scalar;
  node.line = line;
  node.text = std::move(text);
  return node;
}

std::expected<Node, Problem> parse_yaml(std::string_view text) {
  if (text.size() > kMaxBytes) {
    return std::unexpected(Problem{0, "", fmt::format("is larger than {} bytes", kMaxBytes)});
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder;
    const bool has_document = parser.HandleNextDocument(builder);
    Node root = std::move(builder).take();
    Builder second;
    if (has_document && parser.HandleNextDocument(second)) {
      return std::unexpected(
          Problem{std::move(second).take().line, "", "a second document begins here; keep one"});
    }
    if (root.kind == Node::Kind::null) root.kind = Node::Kind::map;
    return root;
  } catch (const Refused& refused) {
    return std::unexpected(refused.problem);
  } catch (const YAML::Exception& error) {
    const int line = error.mark.is_null() ? 0 : error.mark.line + 1;
    return std::unexpected(Problem{line, "", fmt::format("is not valid YAML: {}", error.msg)});
  }
}

}  // namespace dujiang::config
