// Streams and the whole answers that they are a form of: NAME.stream put together is NAME.json, nothing lost.
//
// A name starts with the dialect. (OpenAI's own whole answers have no `index` in tool calls; the assembled
// one keeps it, as DeepSeek's has it.)
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "api/assembler.hpp"
#include "api/sse.hpp"
#include "api/stream_event.hpp"
#include "api/whole_answer.hpp"
#include "provider/dialect.hpp"
#include "provider/normalise.hpp"
#include "support/json_same.hpp"

namespace dujiang::golden {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string assemble(const provider::Dialect& dialect, std::string_view stream, std::size_t bytes_per_read) {
  api::SseDecoder decoder;
  api::StreamEventReader reader;
  provider::StreamNormaliser normaliser(dialect);
  api::Assembler assembler(1u << 20);
  bool done = false;
  while (!stream.empty()) {
    decoder.feed(stream.substr(0, bytes_per_read));
    stream.remove_prefix(std::min(bytes_per_read, stream.size()));
    while (const auto item = decoder.next()) {
      EXPECT_FALSE(done) << "something follows [DONE]";
      if (item->text == api::kDone) {
        done = true;
        continue;
      }
      auto event = reader.read(item->text);
      if (event && normaliser.concerns(**event)) event = reader.read(normaliser.normalise(item->text));
      EXPECT_TRUE(event) << item->text;
      if (event) EXPECT_TRUE(assembler.add((*event)->raw));
    }
  }
  EXPECT_TRUE(done);
  return assembler.whole();
}

TEST(Assembly, OfAStreamIsTheWholeAnswerWithNothingLost) {
  int pairs = 0;
  const std::filesystem::path folder = std::string(DUJIANG_SOURCE_DIR) + "/tests/golden/assembly";
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".stream") continue;
    ++pairs;
    SCOPED_TRACE(file.path().filename());
    const std::string name = file.path().stem();
    const provider::Dialect* dialect = provider::find_dialect(name.substr(0, name.find('-')));
    ASSERT_NE(dialect, nullptr);
    const std::string stream = read(file.path());
    const std::string whole = read(std::filesystem::path(file.path()).replace_extension(".json"));
    for (const std::size_t bytes_per_read : {std::size_t{1}, std::size_t{7}, stream.size()}) {
      EXPECT_SAME_JSON(assemble(*dialect, stream, bytes_per_read), whole);
    }
    const auto operation = name.ends_with("-fim") ? api::Operation::beta_completions : api::Operation::chat;
    EXPECT_EQ(check_whole_answer(operation, assemble(*dialect, stream, 64)).kind,
              api::WholeAnswer::Kind::answer);
  }
  EXPECT_GE(pairs, 8);
}

// The default of `unstreamed: as_stream` stands on this.
TEST(Assembly, HasAStreamForEveryDialectThatRunsUnstreamedCallsAsStreams) {
  const std::filesystem::path folder = std::string(DUJIANG_SOURCE_DIR) + "/tests/golden/assembly";
  for (const provider::Dialect* dialect : provider::all_dialects()) {
    if (!dialect->unstreamed_as_stream) continue;
    for (const std::string_view form : {"plain", "thinking", "tools", "logprobs", "fim"}) {
      EXPECT_TRUE(exists(folder / (std::string(dialect->name) + "-" + std::string(form) + ".stream")))
          << dialect->name << " " << form;
    }
  }
}

}  // namespace
}  // namespace dujiang::golden
