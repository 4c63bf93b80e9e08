// The text that is parsed, by line and column.
#pragma once

#include "TOMLPlusPlus.hpp"

#include <string_view>
#include <vector>

namespace ctoml {

class SourceText {
  public:
    explicit SourceText(std::string_view text) : text(text) {}

    // The place of the last key of the header `[[a.b]]` in this line. toml++ keeps only the place of a header's bracket, and of
    // the keys of the first header. So this parses the line again, on its own.
    toml::source_position last_key_of_header(toml::source_index line);

    // The place of the first escape `\u0000` or `\U00000000` after `from`.
    toml::source_position nul_escape(toml::source_position from);

  private:
    std::string_view line(toml::source_index number);

    std::string_view text;
    // The offset of each line, computed when the first line is needed.
    std::vector<size_t> starts;
};

} // namespace ctoml
