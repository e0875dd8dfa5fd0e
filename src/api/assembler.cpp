#include "api/assembler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "api/json_edit.hpp"
#include "api/stream_event.hpp"
#include "base/number.hpp"

namespace dujiang::api {
namespace {

// Hostile streams must not make the look-up of members slow.
constexpr std::size_t kMaxMembers = 512;
constexpr std::uint32_t kMaxListIndex = 1023;
constexpr std::size_t kNodeCost = 96;

std::string_view inside(std::string_view literal) { return literal.substr(1, literal.size() - 2); }

std::optional<std::uint32_t> index_of(std::string_view object) {
  for (const JsonMember& member : json_members(object)) {
    if (!json_key_is(member.key, "index")) continue;
    return base::parse_number<std::uint32_t>(member.value);
  }
  return std::nullopt;
}

// Strings that name something rather than carry a piece of text: some hosts repeat them in every chunk, some
// leave them empty after the first.
bool is_name(std::string_view key) {
  constexpr std::array<std::string_view, 6> kNames{"role", "id", "type", "name", "object", "format"};
  return std::ranges::find(kNames, key) != kNames.end();
}

// A JSON value under construction. Texts are kept as they came, with their escapes.
struct Node {
  enum class Kind : std::uint8_t { raw, text, object, indexed, list };
  Kind kind = Kind::raw;
  // raw: the value. text: what stands between the quotes. list: the elements with their commas.
  std::string raw = "null";
  std::vector<std::string> keys{};           // object: the keys with their escapes, and
  std::vector<Node> values{};                // ... in the same order, the values
  std::map<std::uint32_t, Node> elements{};  // indexed: an array whose objects carry `index`
};

// Merges pieces into nodes and counts what they hold.
class Merger {
 public:
  Merger(std::size_t& bytes, bool& overgrown) : bytes_(&bytes), overgrown_(&overgrown) {}

  void replace(Node& node, std::string_view value) const {
    const std::size_t before = node.raw.size();
    node = Node{};
    node.raw = value;
    *bytes_ += value.size();
    *bytes_ -= std::min(*bytes_, before);
  }

  Node* member(Node& object, std::string_view key) const {
    object.kind = Node::Kind::object;
    const auto it = std::ranges::find(object.keys, key);
    if (it != object.keys.end()) return &object.values[static_cast<std::size_t>(it - object.keys.begin())];
    if (object.keys.size() >= kMaxMembers) {
      *overgrown_ = true;
      return nullptr;
    }
    *bytes_ += key.size() + kNodeCost;
    object.keys.emplace_back(key);
    return &object.values.emplace_back();
  }

  // A piece of a delta: texts are joined, objects merged, arrays merged by index where they have one.
  void merge(Node& node, std::string_view key, std::string_view value) const {
    if (value == "null") return;
    switch (value.front()) {
      case '"':
        merge_text(node, key, value);
        break;
      case '{':
        for (const JsonMember& piece : json_members(value)) {
          if (Node* child = member(node, piece.key)) merge(*child, piece.key, piece.value);
        }
        node.kind = Node::Kind::object;
        break;
      case '[':
        merge_array(node, value);
        break;
      default:
        replace(node, value);
    }
  }

  // Log probabilities: every array below grows by what comes.
  void append(Node& node, std::string_view value) const {
    if (value == "null") return;
    if (value.front() == '{') {
      for (const JsonMember& piece : json_members(value)) {
        if (Node* child = member(node, piece.key)) append(*child, piece.value);
      }
      node.kind = Node::Kind::object;
    } else if (value.front() == '[') {
      if (node.kind != Node::Kind::list) replace(node, "");
      node.kind = Node::Kind::list;
      for (const std::string_view element : json_elements(value)) {
        if (!node.raw.empty()) node.raw += ',';
        node.raw += element;
        *bytes_ += element.size() + 1;
      }
    } else {
      replace(node, value);
    }
  }

 private:
  void merge_text(Node& node, std::string_view key, std::string_view literal) const {
    const std::string_view text = inside(literal);
    if (is_name(key)) {
      const bool named = node.kind == Node::Kind::raw && node.raw != "null";
      if (!named || !text.empty()) replace(node, literal);
      return;
    }
    if (node.kind != Node::Kind::text) replace(node, "");
    node.kind = Node::Kind::text;
    node.raw += text;
    *bytes_ += text.size();
  }

  void merge_array(Node& node, std::string_view array) const {
    const auto elements = json_elements(array);
    const bool indexed = !elements.empty() && std::ranges::all_of(elements, [](std::string_view element) {
      return element.starts_with('{') && index_of(element).has_value();
    });
    if (!indexed) {
      if (node.kind != Node::Kind::indexed) replace(node, array);
      return;
    }
    if (node.kind != Node::Kind::indexed) replace(node, "");
    node.kind = Node::Kind::indexed;
    for (const std::string_view element : elements) {
      const std::uint32_t index = index_of(element).value_or(0);
      if (index > kMaxListIndex) {
        *overgrown_ = true;
        return;
      }
      if (!node.elements.contains(index)) *bytes_ += kNodeCost;
      merge(node.elements[index], "", element);
    }
  }

  std::size_t* bytes_;
  bool* overgrown_;
};

void print(const Node& node, std::string& out) {
  switch (node.kind) {
    case Node::Kind::raw:
      out += node.raw;
      return;
    case Node::Kind::text:
      out += '"';
      out += node.raw;
      out += '"';
      return;
    case Node::Kind::list:
      out += '[';
      out += node.raw;
      out += ']';
      return;
    case Node::Kind::object:
      out += '{';
      for (std::size_t i = 0; i < node.keys.size(); ++i) {
        if (i > 0) out += ',';
        out += '"';
        out += node.keys[i];
        out += "\":";
        print(node.values[i], out);
      }
      out += '}';
      return;
    case Node::Kind::indexed:
      out += '[';
      for (const auto& [index, value] : node.elements) {
        if (index != node.elements.begin()->first) out += ',';
        print(value, out);
      }
      out += ']';
      return;
  }
}

}  // namespace

struct Assembler::State {
  std::size_t max_bytes = 0;
  std::size_t bytes = 0;
  bool overgrown = false;
  Node root{.kind = Node::Kind::object, .raw = {}};

  void add(std::string_view chunk) {
    const Merger merger(bytes, overgrown);
    for (const JsonMember& member : json_members(chunk)) {
      Node* node = merger.member(root, member.key);
      if (node == nullptr) return;
      if (member.key == "choices") {
        node->kind = Node::Kind::indexed;
        for (const std::string_view choice : json_elements(member.value)) add_choice(merger, *node, choice);
      } else if (member.key == "object") {
        merger.replace(*node, member.value == R"("text_completion")" ? member.value : R"("chat.completion")");
      } else if (member.value != "null") {
        // `usage` is announced as null until it comes; for other fields too null is no news.
        merger.replace(*node, member.value);
      }
    }
  }

  static void add_choice(const Merger& merger, Node& choices, std::string_view choice) {
    const std::uint32_t index = std::min(index_of(choice).value_or(0), kMaxChoiceIndex);
    Node& node = choices.elements[index];
    node.kind = Node::Kind::object;
    for (const JsonMember& member : json_members(choice)) {
      const bool delta = member.key == "delta";
      Node* child = merger.member(node, delta ? "message" : member.key);
      if (child == nullptr) return;
      if (delta) {
        merger.merge(*child, "message", member.value);
      } else if (member.key == "logprobs") {
        merger.append(*child, member.value);
      } else if (member.key == "text") {
        merger.merge(*child, "text", member.value);
      } else if (member.value != "null") {
        merger.replace(*child, member.value);
      }
    }
  }
};

Assembler::Assembler(std::size_t max_bytes) : state_(std::make_unique<State>()) {
  state_->max_bytes = max_bytes;
}
Assembler::~Assembler() = default;
Assembler::Assembler(Assembler&&) noexcept = default;
Assembler& Assembler::operator=(Assembler&&) noexcept = default;

base::Result<void> Assembler::add(std::string_view chunk) {
  state_->add(chunk);
  if (state_->bytes > state_->max_bytes || state_->overgrown) {
    return base::fail(
        fmt::format("the answer is larger than {} bytes or has too many fields", state_->max_bytes));
  }
  return {};
}

std::string Assembler::whole() const {
  std::string out;
  out.reserve(state_->bytes + 256);
  print(state_->root, out);
  return out;
}

std::size_t Assembler::bytes() const { return state_->bytes; }

}  // namespace dujiang::api
