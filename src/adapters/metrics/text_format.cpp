#include "adapters/metrics/text_format.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace dujiang::adapters::metrics {
namespace {

// The shortest text that reads back as the same number.
void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    out.append(digits.data(), end.ptr);
  }
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

// `le` is appended as the last label unless it is NaN.
void append_labels(std::string& out, std::span<const PrintedLabel> labels, double le) {
  const bool has_le = !std::isnan(le);
  if (labels.empty() && !has_le) return;
  out += '{';
  for (const PrintedLabel& label : labels) {
    if (out.back() != '{') out += ',';
    out += label.name;
    out += "=\"";
    append_escaped(out, label.value, true);
    out += '"';
  }
  if (has_le) {
    if (out.back() != '{') out += ',';
    out += "le=\"";
    append_number(out, le);
    out += '"';
  }
  out += '}';
}

void append_line(std::string& out, std::string_view name, std::string_view suffix,
                 std::span<const PrintedLabel> labels, double le, double value) {
  out += name;
  out += suffix;
  append_labels(out, labels, le);
  out += ' ';
  append_number(out, value);
  out += '\n';
}

}  // namespace

void print_header(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out += "# HELP ";
  out += name;
  out += ' ';
  append_escaped(out, help, false);
  out += "\n# TYPE ";
  out += name;
  out += ' ';
  out += type;
  out += '\n';
}

void print_sample(std::string& out, std::string_view name, std::span<const PrintedLabel> labels,
                  double value) {
  append_line(out, name, "", labels, NAN, value);
}

void print_histogram(std::string& out, std::string_view name, std::span<const PrintedLabel> labels,
                     std::span<const double> bounds, std::span<const std::uint64_t> counts, double sum) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    total += counts[i];
    append_line(out, name, "_bucket", labels, i < bounds.size() ? bounds[i] : INFINITY,
                static_cast<double>(total));
  }
  append_line(out, name, "_sum", labels, NAN, sum);
  append_line(out, name, "_count", labels, NAN, static_cast<double>(total));
}

}  // namespace dujiang::adapters::metrics
