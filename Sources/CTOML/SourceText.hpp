// The text that is parsed, by line and column.
#pragma once

#include "TOMLPlusPlus.hpp"

#include <string_view>
#include <vector>

namespace ctoml {

class SourceText {
  public:
    explicit SourceText(std::string_view text) : text(text) {}

    // Where the last key of the header `[[a.b]]` in this line stands. toml++ keeps the place of a header's bracket, and of the keys of
    // the first header alone. So it parses the line once more, by itself.
    toml::source_position last_key_of_header(toml::source_index line);

    // Where the escape `\u0000` or `\U00000000` stands that follows `from`.
    toml::source_position nul_escape(toml::source_position from);

  private:
    std::string_view line(toml::source_index number);

    std::string_view text;
    // The offset of each line; made at the first question.
    std::vector<size_t> starts;
};

} // namespace ctoml
