#include <algorithm>
#include <limits>

#include "load.hpp"
#include "talk.hpp"

namespace dujiang::bench {

namespace {

constexpr std::size_t kEventsToFlow = 2;

}  // namespace

StreamLoad::StreamLoad(const Peer& peer, std::size_t connections, Nanoseconds interval, std::size_t events,
                       Measure& measure)
    : request_(chat_request(true, peer.key, peer.fields)),
      interval_(interval),
      events_(events),
      measure_(measure),
      slots_(connections),
      fleet_(peer.port, connections, peer.tls, *this) {}

Nanoseconds StreamLoad::act(Nanoseconds at) {
  for (; next_ <= at && !waiting_.empty(); next_ = std::max(next_ + interval_, at - interval_)) {
    ask(waiting_.front());
    waiting_.pop_front();
  }
  return waiting_.empty() ? std::numeric_limits<Nanoseconds>::max() : next_;
}

void StreamLoad::on_open(std::size_t index) { waiting_.push_back(index); }

void StreamLoad::ask(std::size_t index) {
  Slot& slot = slots_[index];
  slot.reader.reset();
  slot.line.clear();
  slot.events = 0;
  slot.is_finished = slot.is_done = false;
  fleet_.send(index, request_);
}

void StreamLoad::on_bytes(std::size_t index, std::string_view bytes) {
  Slot& slot = slots_[index];
  const Nanoseconds at = now();
  const std::size_t taken =
      slot.reader.feed(bytes, [&](std::string_view piece) { take_body(slot, piece, at); });
  if (slot.reader.is_broken()) {
    measure_.bad("not HTTP");
  } else if (taken < bytes.size()) {
    measure_.bad("bytes behind the answer");
  }
  if (slot.reader.is_complete()) finish(index);
}

void StreamLoad::take_body(Slot& slot, std::string_view piece, Nanoseconds at) {
  while (!piece.empty()) {
    const std::size_t end = piece.find('\n');
    if (end == std::string_view::npos) {
      slot.line += piece;
      return;
    }
    if (slot.line.empty()) {
      take_line(slot, piece.substr(0, end), at);
    } else {
      take_line(slot, slot.line += piece.substr(0, end), at);
      slot.line.clear();
    }
    piece.remove_prefix(end + 1);
  }
}

void StreamLoad::take_line(Slot& slot, std::string_view line, Nanoseconds at) {
  if (line.empty() || line.starts_with(':')) return;
  constexpr std::string_view kField = "data: ";
  const std::string_view data = line.starts_with(kField) ? line.substr(kField.size()) : std::string_view();
  if (const auto made = event_made(data)) {
    if (slot.is_finished) measure_.bad("an event behind the last");
    ++slot.events;
    measure_.good(at - *made);
    if (slot.events == kEventsToFlow && !slot.is_flowing) {
      slot.is_flowing = true;
      ++flowing_;
    }
  } else if (data == finish_event()) {
    slot.is_finished = true;
  } else if (data == kDone) {
    slot.is_done = true;
  } else {
    measure_.bad("other bytes");
  }
}

void StreamLoad::finish(std::size_t index) {
  const Slot& slot = slots_[index];
  if (slot.reader.status() != 200) {
    measure_.bad("status " + std::to_string(slot.reader.status()));
  } else if (!slot.is_finished || !slot.is_done || slot.events != events_) {
    measure_.bad("a stream without its end");
  }
  ask(index);
}

void StreamLoad::on_closed(std::size_t index) {
  measure_.bad("closed");
  std::erase(waiting_, index);
}

}  // namespace dujiang::bench
