#include "sim/words.hpp"

namespace dujiang::sim {
namespace {

constexpr std::string_view kPlain[] = {
    "the",      "water",    "river",    "field",   "levee",    "channel", "flood",   "season",  "gate",
    "stone",    "bamboo",   "basket",   "valley",  "mountain", "snow",    "spring",  "harvest", "rice",
    "village",  "engineer", "governor", "century", "bridge",   "island",  "current", "bank",    "sand",
    "silt",     "depth",    "width",    "measure", "balance",  "flow",    "stream",  "inlet",   "outlet",
    "spillway", "divide",   "carry",    "guide",   "follow",   "build",   "repair",  "clear",   "open",
    "close",    "wait",     "move",     "rest",    "rise",     "fall",    "turn",    "keep",    "hold",
    "give",     "take",     "share",    "reach",   "pass",     "meet",    "slow",    "quick",   "deep",
    "low",      "high",     "wide",     "narrow",  "calm",     "strong",  "gentle",  "old",     "new",
    "first",    "last",     "small",    "great",   "early",    "late",    "quiet",   "steady",  "and",
    "with",     "from",     "into",     "over",    "under",    "through", "between", "beyond",  "along",
    "where",    "when",     "because",  "while",   "although", "so",      "then",    "again",   "always",
    "often",    "every",    "each",     "another", "half",     "one",     "two",     "six",     "forty",
    "hundred",  "thousand", "people",   "farmers", "children", "teacher", "letter",  "answer",  "question",
    "reason",   "example",  "number",   "light",   "morning",  "evening", "summer",  "winter",  "market",
    "road",     "boat",     "house",    "garden",  "is",       "was",     "will",    "may",     "can",
    "must",     "should",   "never",    "only",    "also"};

constexpr std::string_view kWide[] = {
    "都江堰", "你好", "水利",     "春天",        "岷江",   "鱼嘴",   "飞沙堰", "宝瓶口", "两千年", "李冰",
    "naïve",  "café", "Ångström", "señor",       "Gdańsk", "façade", "über",   "Ελλάδα", "мост",   "東京",
    "🌊",     "🚣",   "🏞️",       "👩‍🔬", "🎋",     "𝛑",      "½",      "→",      "한강",   "جسر"};

}  // namespace

std::span<const std::string_view> plain_words() { return kPlain; }

std::span<const std::string_view> wide_words() { return kWide; }

}  // namespace dujiang::sim
