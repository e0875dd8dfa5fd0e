// The form in which the caller gets its answer: events as they come, or one piece at the end.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/assembler.hpp"
#include "api/stream_event.hpp"
#include "api/wire_format.hpp"
#include "engine/answer.hpp"
#include "engine/caller.hpp"
#include "route/spec.hpp"
#include "runtime/task.hpp"

namespace dujiang::engine {

class Delivery {
 public:
  Delivery() = default;
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;
  virtual ~Delivery() = default;

  // A new attempt begins; what the last one left unsaid is forgotten.
  virtual void begin(const Provenance& provenance) = 0;

  // Takes a good event. False: the answer exceeds what is held.
  virtual bool take(const api::StreamEvent& event) = 0;

  // Sends what may be sent by now.
  virtual runtime::Task<void> flush() = 0;

  // The last attempt's answer is complete: sends what is left of it. `whole` is the answer where the attempt
  // brought it in one piece, else it came by take().
  virtual runtime::Task<void> finish(std::optional<std::string> whole) = 0;

  // Whether content has gone to the caller (rule 3).
  virtual bool committed() const = 0;
};

// Relays events. Until content comes it holds back what brings nothing to read (so that a failure stays
// invisible), and thinking too where the route says `hold`. Thinking that was shown and then broken off goes
// on after a comment that marks the seam.
class Relay final : public Delivery {
 public:
  // `on_commit`: called once, when content is about to go to the caller and no other attempt can follow.
  Relay(Answer& answer, Caller& caller, const api::WireFormat& format, const api::Call& call,
        route::Thinking thinking, std::function<void()> on_commit)
      : answer_(answer),
        caller_(caller),
        format_(format),
        encoder_(format.stream(call)),
        thinking_(thinking),
        on_commit_(std::move(on_commit)) {}

  void begin(const Provenance& provenance) override;
  bool take(const api::StreamEvent& event) override;
  runtime::Task<void> flush() override;
  runtime::Task<void> finish(std::optional<std::string> whole) override;
  bool committed() const override { return committed_; }

 private:
  void commit();
  void release_held();
  void adopt_identity(const api::StreamEvent& event);

  Answer& answer_;
  Caller& caller_;
  const api::WireFormat& format_;
  std::unique_ptr<api::StreamEncoder> encoder_;
  route::Thinking thinking_;
  std::function<void()> on_commit_;
  std::string held_;           // encoded, waiting for something to read
  bool held_content_ = false;  // content is in there, be it whitespace
  std::string ready_;          // encoded, to be sent by the next flush
  Provenance provenance_;
  api::StreamIdentity identity_;  // of the attempt whose thinking was shown first
  bool committed_ = false;
  bool shown_ = false;  // something of an answer has gone out
  bool seam_due_ = false;
};

// Collects events into the whole answer.
class Collector final : public Delivery {
 public:
  Collector(Answer& answer, Caller& caller, std::size_t max_bytes)
      : answer_(answer), caller_(caller), max_bytes_(max_bytes) {}

  void begin(const Provenance& /*provenance*/) override { assembler_.reset(); }
  bool take(const api::StreamEvent& event) override { return assembler().add(event.raw).has_value(); }
  runtime::Task<void> flush() override { return runtime::done(); }
  runtime::Task<void> finish(std::optional<std::string> whole) override;
  bool committed() const override { return false; }

 private:
  api::Assembler& assembler() { return assembler_ ? *assembler_ : assembler_.emplace(max_bytes_); }

  Answer& answer_;
  Caller& caller_;
  std::size_t max_bytes_;
  std::optional<api::Assembler> assembler_;  // none: nothing came in pieces
};

}  // namespace dujiang::engine
