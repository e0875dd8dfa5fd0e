#include "api/sse.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/release.hpp"

namespace dujiang::api {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

void SseDecoder::feed(std::string_view bytes) {
  if (too_large_) return;
  buffer_.erase(0, consumed_);
  scanned_ -= consumed_;
  consumed_ = 0;
  buffer_ += bytes;
}

bool SseDecoder::take_line(std::string_view& line) {
  if (skip_lf_ && consumed_ < buffer_.size()) {
    skip_lf_ = false;
    if (buffer_[consumed_] == '\n') ++consumed_;
    scanned_ = std::max(scanned_, consumed_);
  }
  while (scanned_ < buffer_.size() && buffer_[scanned_] != '\n' && buffer_[scanned_] != '\r') ++scanned_;
  // Whether the line is complete or not: where its bytes were cut must not matter.
  too_large_ = scanned_ - consumed_ > max_event_bytes_;
  if (too_large_ || scanned_ == buffer_.size()) return false;
  line = std::string_view(buffer_).substr(consumed_, scanned_ - consumed_);
  skip_lf_ = buffer_[scanned_] == '\r';
  consumed_ = ++scanned_;
  return true;
}

std::optional<SseItem> SseDecoder::next() {
  std::string_view line;
  while (!too_large_ && take_line(line)) {
    if (auto item = on_line(line)) return item;
  }
  // Streams wait most of the time: nothing is kept of what has been given out.
  base::release(out_data_);
  if (consumed_ == buffer_.size()) {
    base::release(buffer_);
    consumed_ = scanned_ = 0;
  }
  return std::nullopt;
}

std::optional<SseItem> SseDecoder::on_line(std::string_view line) {
  if (at_start_ && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  at_start_ = false;
  if (line.empty()) return dispatch();
  const std::size_t colon = line.find(':');
  if (colon == 0) return SseItem{.kind = SseItem::Kind::comment, .text = line.substr(1), .name = {}};
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") name_ = value;
  if (field != "data") return std::nullopt;
  if (data_.size() + (has_data_ ? 1 : 0) + value.size() > max_event_bytes_) {
    too_large_ = true;
    return std::nullopt;
  }
  if (has_data_) data_ += '\n';
  data_ += value;
  has_data_ = true;
  return std::nullopt;
}

std::optional<SseItem> SseDecoder::dispatch() {
  const bool any = has_data_;
  out_data_.swap(data_);
  out_name_.swap(name_);
  data_.clear();
  name_.clear();
  has_data_ = false;
  if (!any) return std::nullopt;
  return SseItem{.kind = SseItem::Kind::data, .text = out_data_, .name = out_name_};
}

std::optional<SseItem> SseDecoder::end() {
  if (too_large_) return std::nullopt;
  if (consumed_ < buffer_.size()) {
    const std::string last = buffer_.substr(consumed_);
    consumed_ = scanned_ = buffer_.size();
    on_line(last);
  }
  auto item = dispatch();
  if (item) item->unterminated = true;
  return item;
}

void append_sse_event(std::string& out, std::string_view data) {
  while (true) {
    const std::size_t end = data.find_first_of("\r\n");
    out += "data: ";
    out += data.substr(0, end);
    out += '\n';
    if (end == std::string_view::npos) break;
    data.remove_prefix(data.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
  out += '\n';
}

void squeeze_undecided(std::string& prefix) {
  const std::size_t start = prefix.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  const std::size_t end = std::min(prefix.find_first_not_of(" \t\r\n", start), prefix.size());
  if (end > start + 1) prefix.erase(start, end - 1 - start);
}

BodyForm sniff_body(std::string_view prefix) {
  if (prefix.starts_with(kByteOrderMark)) prefix.remove_prefix(kByteOrderMark.size());
  while (!prefix.empty() && base::is_space(prefix.front())) prefix.remove_prefix(1);
  if (prefix.empty() || kByteOrderMark.starts_with(prefix)) return BodyForm::undecided;
  if (prefix.front() == '{' || prefix.front() == '[') return BodyForm::json;
  if (prefix.front() == ':') return BodyForm::sse;
  constexpr std::array<std::string_view, 4> kFields{"data:", "event:", "id:", "retry:"};
  for (const std::string_view field : kFields) {
    if (prefix.starts_with(field)) return BodyForm::sse;
    if (field.starts_with(prefix)) return BodyForm::undecided;
  }
  return BodyForm::other;
}

}  // namespace dujiang::api
