#include "route/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

namespace dujiang::route {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

RouteSpec route(std::string name, std::string match, std::vector<Target> targets = {}) {
  RouteSpec spec;
  spec.name = std::move(name);
  spec.match = std::move(match);
  spec.targets = std::move(targets);
  return spec;
}

Target target(std::string upstream, std::string model, Capabilities can = {}) {
  Target made;
  made.upstream = std::move(upstream);
  made.model = std::move(model);
  made.can = can;
  return made;
}

std::string matched(const RouteTable& table, std::string_view model) {
  const RouteSpec* found = table.match(model);
  return found == nullptr ? "none" : found->name;
}

TEST(RouteTable, AnExactMatchBeatsTheLongestPrefixWhichBeatsTheStar) {
  const RouteTable table({route("any", "*"), route("short", "deep*"), route("long", "deepseek-*"),
                          route("exact", "deepseek-chat")});
  EXPECT_EQ(matched(table, "deepseek-chat"), "exact");
  EXPECT_EQ(matched(table, "deepseek-chat-2"), "long");
  EXPECT_EQ(matched(table, "deepseek-"), "long");
  EXPECT_EQ(matched(table, "deeper"), "short");
  EXPECT_EQ(matched(table, "qwen"), "any");
  EXPECT_EQ(matched(table, ""), "any");
}

TEST(RouteTable, AModelThatNoRouteServesIsUnknown) {
  const RouteTable table({route("one", "deepseek-chat"), route("two", "qwen-*")});
  EXPECT_EQ(matched(table, "deepseek-cha"), "none");
  EXPECT_EQ(matched(table, "deepseek-chat "), "none");
  EXPECT_EQ(matched(table, "qwen"), "none");
  EXPECT_EQ(table.known_models(), "deepseek-chat, qwen-*");
  EXPECT_EQ(matched(RouteTable({}), "x"), "none");
}

TEST(RouteTable, TheFirstOfTwoEqualMatchesCounts) {
  const RouteTable table({route("a", "m"), route("b", "m"), route("c", "m*"), route("d", "m*")});
  EXPECT_EQ(matched(table, "m"), "a");
  EXPECT_EQ(matched(table, "m2"), "c");
}

TEST(RouteTable, OffersExactNamesAndWhatPrefixRoutesNameAndServeThemselves) {
  const RouteTable table({
      route("chat", "chat", {target("deepseek", "deepseek-flash")}),
      route("qwen", "qwen-*", {target("local", "qwen-7b"), target("local", "other"), target("cloud", "")}),
      route("any", "*", {target("cloud", "qwen-7b"), target("cloud", "chat"), target("cloud", "gpt")}),
  });
  EXPECT_THAT(table.model_names(), ElementsAre("chat", "qwen-7b", "gpt"));
}

TEST(FitTargets, LeavesOutOnlyTargetsThatSayTheyCannot) {
  const RouteSpec spec = route("r", "*",
                               {target("a", "m", {.tools = false}), target("b", "m", {.json_mode = false}),
                                target("c", "m", {.thinking = false}), target("d", "m")});
  EXPECT_THAT(fit_targets(spec, {}).targets, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(fit_targets(spec, {.tools = true}).targets, ElementsAre(1, 2, 3));
  EXPECT_THAT(fit_targets(spec, {.json_mode = true}).targets, ElementsAre(0, 2, 3));
  EXPECT_THAT(fit_targets(spec, {.thinking = true}).targets, ElementsAre(0, 1, 3));
  EXPECT_THAT(fit_targets(spec, {.thinking = false}).targets, ElementsAre(0, 1, 2, 3));
}

TEST(FitTargets, TheContextMustHoldPromptAndAnswerWithoutOverflow) {
  const RouteSpec spec = route("r", "*", {target("small", "m", {.context_tokens = 8192})});
  const auto fits = [&](std::uint64_t prompt, std::uint64_t max) {
    return !fit_targets(spec, {.approx_prompt_tokens = prompt, .max_tokens = max}).targets.empty();
  };
  EXPECT_TRUE(fits(8192, 0));
  EXPECT_TRUE(fits(8000, 192));
  EXPECT_FALSE(fits(8000, 193));
  EXPECT_FALSE(fits(8193, 0));
  EXPECT_FALSE(fits(0, UINT64_MAX));
  EXPECT_FALSE(fits(UINT64_MAX, UINT64_MAX));
}

TEST(FitTargets, SaysOfEachTargetWhyItCannot) {
  const RouteSpec spec = route(
      "r", "*", {target("local", "qwen", {.context_tokens = 100}), target("pass", "", {.tools = false})});
  const Fit fit = fit_targets(spec, {.tools = true, .approx_prompt_tokens = 90, .max_tokens = 20});
  EXPECT_THAT(fit.targets, IsEmpty());
  EXPECT_EQ(
      fit.reason,
      "No target of this model can serve the call: local/qwen has a context of 100 tokens, the call needs at "
      "least 90 for its prompt and 20 for max_tokens; pass does not offer tools.");
  EXPECT_THAT(fit_targets(route("empty", "*"), {}).reason, HasSubstr("\"empty\" has no targets"));
}

TEST(OrderTargets, AnOrderedRouteKeepsItsOrder) {
  const RouteSpec spec = route("r", "*", {target("a", "m"), target("b", "m"), target("c", "m")});
  base::Random chance(1);
  EXPECT_THAT(order_targets(spec, std::array<std::uint32_t, 2>{0, 2}, chance), ElementsAre(0, 2));
}

TEST(OrderTargets, AWeightedRouteDrawsEachOnceAndInProportion) {
  RouteSpec spec = route("r", "*", {target("a", "m"), target("b", "m"), target("never first", "m")});
  spec.order = Order::weighted;
  spec.targets[0].weight = 3;
  spec.targets[1].weight = 1;
  spec.targets[2].weight = 0;
  base::Random chance(7);
  constexpr int kDraws = 20'000;
  int first = 0;
  for (int i = 0; i < kDraws; ++i) {
    const auto order = order_targets(spec, std::array<std::uint32_t, 3>{0, 1, 2}, chance);
    ASSERT_EQ(std::set(order.begin(), order.end()).size(), 3u);
    ASSERT_EQ(order.back(), 2u);
    first += order.front() == 0 ? 1 : 0;
  }
  EXPECT_NEAR(first / static_cast<double>(kDraws), 0.75, 0.015);
}

TEST(OrderTargets, TheSecondIsDrawnByWeightAmongTheRest) {
  RouteSpec spec = route("r", "*", {target("a", "m"), target("b", "m"), target("c", "m")});
  spec.order = Order::weighted;
  spec.targets[0].weight = 100;
  spec.targets[1].weight = 30;
  spec.targets[2].weight = 10;
  base::Random chance(7);
  int led_by_a = 0;
  int then_b = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto order = order_targets(spec, std::array<std::uint32_t, 3>{0, 1, 2}, chance);
    if (order[0] != 0) continue;
    ++led_by_a;
    then_b += order[1] == 1 ? 1 : 0;
  }
  EXPECT_NEAR(then_b / static_cast<double>(led_by_a), 0.75, 0.015);
}

}  // namespace
}  // namespace dujiang::route
