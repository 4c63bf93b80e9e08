// Writes the tree of a file in the format of ctoml.h.
#pragma once

#include "SourceText.hpp"

#include <cstdint>
#include <string>

namespace ctoml {

std::string depth_message();

class TreeWriter {
  public:
    explicit TreeWriter(SourceText &text) : text(text) {}

    // Throws `Refusal`. Recurses no deeper than the limit, however deep the table is.
    std::string tree(const toml::table &root);

    static std::string error(const Refusal &refusal);

  private:
    void write_table(const toml::table &table, unsigned depth);
    void write_list(const toml::array &list, toml::source_position first, unsigned depth);
    void write_value(const toml::node &node, toml::source_position position, unsigned depth);
    void write_text(std::string_view text, toml::source_position position);

    void write(char byte) { bytes.push_back(byte); }
    void write(uint32_t number);
    void write(uint64_t number);
    void write(toml::source_position position);

    SourceText &text;
    std::string bytes;
};

} // namespace ctoml
