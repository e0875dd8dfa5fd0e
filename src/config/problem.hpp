// What is wrong with a configuration, told so that the operator can put it right at once.
#pragma once

#include <string>
#include <vector>

namespace dujiang::config {

struct Problem {
  int line = 0;         // from 1; 0 where no line is to blame
  std::string path;     // "upstreams[0].dialect"; empty for the whole file; "--listen" for the command line's
  std::string message;  // what is wrong; what would be right. Never the value of a secret.
  std::string file{};   // where it stands, if not in the configuration's own file
};

using Problems = std::vector<Problem>;

// "file:line: path: message", one a line, by rising line; after twenty only how many more there are.
std::string to_text(const std::string& file, Problems problems);

}  // namespace dujiang::config
