#include "api/sse.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.hpp"

namespace dujiang::api {
namespace {

// Items as text: "data:…", "comment:…", "end:…", with "[name]" where an event has one.
void collect(SseDecoder& decoder, std::vector<std::string>& out) {
  while (const auto item = decoder.next()) {
    std::string line = item->kind == SseItem::Kind::comment ? "comment:" : "data:";
    if (!item->name.empty()) line += "[" + std::string(item->name) + "]";
    out.push_back(line + std::string(item->text));
  }
}

std::vector<std::string> decode(const std::vector<std::string_view>& pieces) {
  SseDecoder decoder;
  std::vector<std::string> out;
  for (const std::string_view piece : pieces) {
    decoder.feed(piece);
    collect(decoder, out);
  }
  if (const auto last = decoder.end()) out.push_back("end:" + std::string(last->text));
  return out;
}

TEST(SseDecoder, ReadsTheUsualForm) {
  EXPECT_EQ(decode({"data: {\"a\":1}\n\ndata: [DONE]\n\n"}),
            (std::vector<std::string>{"data:{\"a\":1}", "data:[DONE]"}));
}

TEST(SseDecoder, RepairsWhatUpstreamsBreak) {
  const std::vector<std::string> wanted{"data:x", "comment: keep-alive", "data:y"};
  EXPECT_EQ(decode({"data: x\r\n\r\n: keep-alive\r\n\r\ndata: y\r\n\r\n"}), wanted);
  EXPECT_EQ(decode({"data: x\r\r: keep-alive\r\rdata: y\r\r"}), wanted);
  EXPECT_EQ(decode({"data:x\n\n: keep-alive\ndata:y\n\n"}), wanted);
  EXPECT_EQ(decode({"\xef\xbb\xbf"
                    "data: x\n\n\n\n\n: keep-alive\n\ndata: y\n\n"}),
            wanted);
  EXPECT_EQ(decode({"data:  x\n\n"}), (std::vector<std::string>{"data: x"}));
}

TEST(SseDecoder, TakesCrLfForOneLineEndEvenWhenItIsSplit) {
  EXPECT_EQ(decode({"data: a\r\ndata: b\r\n\r\n"}), (std::vector<std::string>{"data:a\nb"}));
  EXPECT_EQ(decode({"data: a\r", "\ndata: b\r", "\n\r", "\n"}), (std::vector<std::string>{"data:a\nb"}));
}

TEST(SseDecoder, JoinsDataLinesAndReadsNamesAndIgnoresOtherFields) {
  EXPECT_EQ(decode({"event: error\nid: 7\nretry: 10\nnonsense\ndata: a\ndata:b\ndata\n\ndata: c\n\n"}),
            (std::vector<std::string>{"data:[error]a\nb\n", "data:c"}));
  EXPECT_EQ(decode({"event: ping\n\ndata: c\n\n"}), (std::vector<std::string>{"data:c"}));
}

TEST(SseDecoder, GivesOutAnUnterminatedEndAsSuch) {
  EXPECT_EQ(decode({"data: x\n\ndata: [DONE]"}), (std::vector<std::string>{"data:x", "end:[DONE]"}));
  EXPECT_EQ(decode({"data: x\n\ndata: [DONE]\n"}), (std::vector<std::string>{"data:x", "end:[DONE]"}));
  EXPECT_EQ(decode({"data: x\n\n: wait"}), (std::vector<std::string>{"data:x"}));
  EXPECT_EQ(decode({""}), (std::vector<std::string>{}));
}

TEST(SseDecoder, GivesTheSameForEverySplit) {
  const std::string stream =
      "\xef\xbb\xbf: hi\r\ndata: {\"t\":\"é€😀\"}\r\n\r\ndata:a\rdata: b\r\r: c\n\nevent: e\ndata: "
      "d\n\ndata: [DONE]\n\n";
  const auto whole = decode({stream});
  ASSERT_EQ(whole.size(), 6u);
  for (std::size_t i = 0; i <= stream.size(); ++i) {
    for (std::size_t j = i; j <= stream.size(); ++j) {
      const std::string_view text = stream;
      ASSERT_EQ(decode({text.substr(0, i), text.substr(i, j - i), text.substr(j)}), whole) << i << "," << j;
    }
  }
  std::vector<std::string_view> bytes;
  for (const char& c : stream) bytes.emplace_back(&c, 1);
  EXPECT_EQ(decode(bytes), whole);
}

TEST(SseDecoder, StopsAtAnEndlessLineAndAnEndlessEvent) {
  SseDecoder line(1000);
  for (int i = 0; i < 100 && !line.too_large(); ++i) {
    line.feed("data: 0123456789");
    EXPECT_FALSE(line.next());
  }
  EXPECT_TRUE(line.too_large());
  line.feed("\n\ndata: x\n\n");
  EXPECT_FALSE(line.next());
  EXPECT_FALSE(line.end());
  SseDecoder event(1000);
  for (int i = 0; i < 1000 && !event.too_large(); ++i) {
    event.feed("data: 0123456789\n");
    EXPECT_FALSE(event.next());
  }
  EXPECT_TRUE(event.too_large());
}

TEST(SseDecoder, RefusesALongLineWhetherItComesInOnePieceOrInMany) {
  const auto takes = [](std::string_view stream) {
    SseDecoder whole(16);
    whole.feed(stream);
    while (whole.next()) {
    }
    SseDecoder slow(16);
    for (const char& c : stream) {
      slow.feed({&c, 1});
      while (slow.next()) {
      }
    }
    EXPECT_EQ(whole.too_large(), slow.too_large()) << stream;
    return !whole.too_large();
  };
  EXPECT_TRUE(takes("data: 6789012345\n\n"));
  EXPECT_FALSE(takes("data: 67890123456\n\n"));
  EXPECT_FALSE(takes(": a comment of some length\n\n"));
  EXPECT_TRUE(takes("data: 123456789\ndata: 12345\n\n")) << "15 bytes and the line end between them";
  EXPECT_FALSE(takes("data: 123456789\ndata: 1234567\n\n"));
}

TEST(SseDecoder, TakesManySmallEventsInOneRead) {
  std::string stream;
  for (int i = 0; i < 10000; ++i) stream += "data: " + std::to_string(i) + "\n\n";
  const auto items = decode({stream});
  ASSERT_EQ(items.size(), 10000u);
  EXPECT_EQ(items.back(), "data:9999");
}

TEST(AppendSseEvent, ComesBackFromTheDecoder) {
  std::string out;
  append_sse_event(out, "one");
  append_sse_event(out, "two\nlines");
  append_sse_event(out, "");
  EXPECT_EQ(out, "data: one\n\ndata: two\ndata: lines\n\ndata: \n\n");
  EXPECT_EQ(decode({out}), (std::vector<std::string>{"data:one", "data:two\nlines", "data:"}));
}

TEST(SniffBody, TellsEventsFromJsonWhateverTheLabel) {
  for (const std::string_view text :
       {"data: {", "data:", "\n\n: keep-alive", ":", "event: x", "\xef\xbb\xbf\x64\x61ta:x", "id: 1"}) {
    EXPECT_EQ(sniff_body(text), BodyForm::sse) << text;
  }
  for (const std::string_view text : {"{", " \r\n\t{\"a\"", "[1]", "\xef\xbb\xbf{"}) {
    EXPECT_EQ(sniff_body(text), BodyForm::json) << text;
  }
  for (const std::string_view text : {"<html>", "upstream error", "date: x", "1"}) {
    EXPECT_EQ(sniff_body(text), BodyForm::other) << text;
  }
  for (const std::string_view text : {"", "\n\n\n\n", "d", "\ndat", "data", "\xef\xbb", "ev"}) {
    EXPECT_EQ(sniff_body(text), BodyForm::undecided) << text;
  }
}

TEST(SniffBody, ForgetsBlanksThatSayNothingAndDecidesTheSame) {
  const std::string blanks = " \r\n\t \n\n";
  for (const std::string_view start : {"", "\xef\xbb\xbf"}) {
    for (const std::string_view rest : {"data: x", "{", "<", "", "ret"}) {
      std::string seen;
      const std::string text = std::string(start) + blanks + std::string(rest);
      for (const char c : text) {
        seen += c;
        if (sniff_body(seen) == BodyForm::undecided) squeeze_undecided(seen);
        EXPECT_LE(seen.size(), 16u);
      }
      EXPECT_EQ(sniff_body(seen), sniff_body(text)) << text;
      EXPECT_EQ(seen, std::string(start) + "\n" + std::string(rest));
    }
  }
}

}  // namespace
}  // namespace dujiang::api
