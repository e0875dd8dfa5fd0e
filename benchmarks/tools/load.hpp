// The two loads of the benchmarks: chat requests on a schedule or back to back, and streams that are read to
// their ends.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "fleet.hpp"
#include "measure.hpp"
#include "reply.hpp"

namespace dujiang::bench {

/// What every load is to the program that drives it.
class Load {
 public:
  virtual ~Load() = default;
  virtual Fleet& fleet() = 0;
  /// Whether every connection is open and has been served once.
  virtual bool is_ready() const = 0;
  /// From here on by the schedule.
  virtual void start(Nanoseconds at) = 0;
  /// Does what is due, and says when the next thing is.
  virtual Nanoseconds act(Nanoseconds at) = 0;
};

struct Peer {
  std::uint16_t port = 0;
  ssl_ctx_st* tls = nullptr;
  std::string key;        // The caller's.
  std::string fields;     // More header fields, each with its line end.
  bool rewrites = false;  // Its answers may have other bytes, as long as they say the same.
};

/// Requests for a whole answer. On a schedule, a latency counts from the instant at which a request was meant
/// to start, though all connections may be busy then; without one, each connection asks again as soon as it
/// is answered.
class RequestLoad : public Load, private FleetListener {
 public:
  enum class Pace : std::uint8_t { scheduled, back_to_back, once };

  /// `interval` is that of the schedule.
  RequestLoad(const Peer& peer, std::size_t connections, Pace pace, Nanoseconds interval, Measure& measure);

  Fleet& fleet() override { return fleet_; }
  bool is_ready() const override { return served_once_ == slots_.size(); }
  void start(Nanoseconds at) override;
  Nanoseconds act(Nanoseconds at) override;

 private:
  struct Slot {
    ReplyReader reader;
    Nanoseconds meant = 0;  // When the request under way was meant to start.
    std::string body;
    bool is_busy = false, is_served = false;
  };

  void on_open(std::size_t index) override;
  void on_bytes(std::size_t index, std::string_view bytes) override;
  void on_closed(std::size_t index) override;
  void ask(std::size_t index, Nanoseconds meant);
  void finish(std::size_t index);

  std::string request_;
  bool rewrites_;
  Pace pace_;
  Nanoseconds interval_;
  Measure& measure_;
  bool has_started_ = false;
  Nanoseconds next_ = 0;
  std::vector<Slot> slots_;
  std::size_t served_once_ = 0;
  std::deque<std::size_t> free_;
  std::deque<Nanoseconds> waiting_;
  Fleet fleet_;
};

/// Streams, one after another on each connection. A latency is an event's, from its making to its arrival
/// here.
class StreamLoad : public Load, private FleetListener {
 public:
  /// Streams begin `interval` apart. `events` is how many each must have.
  StreamLoad(const Peer& peer, std::size_t connections, Nanoseconds interval, std::size_t events,
             Measure& measure);

  Fleet& fleet() override { return fleet_; }
  bool is_ready() const override { return flowing_ == slots_.size(); }
  void start(Nanoseconds) override {}
  Nanoseconds act(Nanoseconds at) override;

 private:
  struct Slot {
    ReplyReader reader;
    std::string line;  // What has come of a line whose end has not.
    std::size_t events = 0;
    bool is_finished = false, is_done = false, is_flowing = false;
  };

  void on_open(std::size_t index) override;
  void on_bytes(std::size_t index, std::string_view bytes) override;
  void on_closed(std::size_t index) override;
  void ask(std::size_t index);
  void take_body(Slot& slot, std::string_view piece, Nanoseconds at);
  void take_line(Slot& slot, std::string_view line, Nanoseconds at);
  void finish(std::size_t index);

  std::string request_;
  Nanoseconds interval_;
  std::size_t events_;
  Measure& measure_;
  Nanoseconds next_ = 0;
  std::vector<Slot> slots_;
  std::size_t flowing_ = 0;
  std::deque<std::size_t> waiting_;
  Fleet fleet_;
};

}  // namespace dujiang::bench
