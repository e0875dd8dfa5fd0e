// A CallerReply that keeps what it was given, and when: for tests under virtual time.
#pragma once

#include <string>
#include <vector>

#include "ports/http_server.hpp"
#include "runtime/loop.hpp"

namespace dujiang::ports {

class RecordedReply final : public CallerReply {
 public:
  explicit RecordedReply(runtime::Loop& loop) : loop_(loop) {}

  void start(int status, const http::Headers& headers, std::optional<std::uint64_t> length) override {
    status_ = status;
    headers_ = headers;
    length_ = length;
    started_at_ = loop_.now();
  }
  runtime::Task<bool> write(std::string_view bytes) override {
    if (gone_) co_return false;
    body_ += bytes;
    writes_.push_back({loop_.now(), std::string(bytes)});
    co_return true;
  }
  runtime::Task<bool> finish() override {
    finished_ = true;
    ended_at_ = loop_.now();
    co_return !gone_;
  }
  void forget_body() override { body_forgotten_ = true; }
  void abort() override {
    aborted_ = true;
    ended_at_ = loop_.now();
  }
  bool started() const override { return status_ != 0; }
  std::uint64_t bytes_written() const override { return body_.size(); }

  void hang_up() { gone_ = true; }

  struct Write {
    base::TimePoint at;
    std::string bytes;
  };
  int status() const { return status_; }
  const http::Headers& headers() const { return headers_; }
  const std::string& body() const { return body_; }
  const std::vector<Write>& writes() const { return writes_; }
  bool finished() const { return finished_; }
  bool aborted() const { return aborted_; }
  bool body_forgotten() const { return body_forgotten_; }  // of the request
  base::TimePoint started_at() const { return started_at_; }
  base::TimePoint ended_at() const { return ended_at_; }

 private:
  runtime::Loop& loop_;
  int status_ = 0;
  http::Headers headers_;
  std::optional<std::uint64_t> length_;
  std::string body_;
  bool body_forgotten_ = false;
  std::vector<Write> writes_;
  bool finished_ = false;
  bool aborted_ = false;
  bool gone_ = false;
  base::TimePoint started_at_{};
  base::TimePoint ended_at_{};
};

}  // namespace dujiang::ports
