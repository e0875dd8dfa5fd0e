#include <limits>

#include "load.hpp"
#include "talk.hpp"

namespace dujiang::bench {

RequestLoad::RequestLoad(const Peer& peer, std::size_t connections, Pace pace, Nanoseconds interval,
                         Measure& measure)
    : request_(chat_request(false, peer.key, peer.fields)),
      rewrites_(peer.rewrites),
      pace_(pace),
      interval_(interval),
      measure_(measure),
      slots_(connections),
      fleet_(peer.port, connections, peer.tls, *this) {}

void RequestLoad::start(Nanoseconds at) {
  has_started_ = true;
  next_ = at;
  if (pace_ != Pace::back_to_back) return;
  for (const std::size_t index : free_) ask(index, at);
  free_.clear();
}

Nanoseconds RequestLoad::act(Nanoseconds at) {
  if (!has_started_ || pace_ != Pace::scheduled) return std::numeric_limits<Nanoseconds>::max();
  for (; next_ <= at; next_ += interval_) {
    if (free_.empty()) {
      waiting_.push_back(next_);
    } else {
      const std::size_t index = free_.front();
      free_.pop_front();
      ask(index, next_);
    }
  }
  return next_;
}

void RequestLoad::on_open(std::size_t index) { ask(index, now()); }

void RequestLoad::ask(std::size_t index, Nanoseconds meant) {
  Slot& slot = slots_[index];
  slot.reader.reset();
  slot.meant = meant;
  slot.body.clear();
  slot.is_busy = true;
  fleet_.send(index, request_);
}

void RequestLoad::on_bytes(std::size_t index, std::string_view bytes) {
  Slot& slot = slots_[index];
  if (!slot.is_busy) return measure_.bad("bytes that nobody asked for");
  const std::size_t taken = slot.reader.feed(bytes, [&](std::string_view piece) { slot.body += piece; });
  if (slot.reader.is_broken()) {
    measure_.bad("not HTTP");
  } else if (taken < bytes.size()) {
    measure_.bad("bytes behind the answer");
  }
  if (slot.reader.is_complete()) finish(index);
}

void RequestLoad::finish(std::size_t index) {
  Slot& slot = slots_[index];
  const Nanoseconds at = now();
  slot.is_busy = false;
  if (slot.reader.status() != 200) {
    measure_.bad("status " + std::to_string(slot.reader.status()));
  } else if (slot.body != chat_answer() && !(rewrites_ && tells_the_answer(slot.body))) {
    measure_.bad("other bytes");
  } else {
    measure_.good(at - slot.meant);
  }
  if (!slot.is_served) ++served_once_;
  slot.is_served = true;
  if (has_started_ && pace_ == Pace::back_to_back) return ask(index, at);
  if (waiting_.empty()) return free_.push_back(index);
  const Nanoseconds meant = waiting_.front();
  waiting_.pop_front();
  ask(index, meant);
}

void RequestLoad::on_closed(std::size_t index) {
  measure_.bad("closed");
  slots_[index].is_busy = false;
  std::erase(free_, index);
}

}  // namespace dujiang::bench
