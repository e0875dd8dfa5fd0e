// Compresses a body piece by piece, each piece readable as soon as it has come.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace dujiang::sim {

class Gzip {
 public:
  Gzip();
  ~Gzip();

  std::string add(std::string_view bytes);
  std::string finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dujiang::sim
