#include "SourceText.hpp"

namespace ctoml {

std::string_view SourceText::line(toml::source_index number) {
    if (starts.empty()) {
        starts.push_back(0);
        for (size_t offset = 0; offset < text.size(); offset++) {
            if (text[offset] == '\n') starts.push_back(offset + 1);
        }
    }
    if (number < 1 || number > starts.size()) return {};
    const size_t start = starts[number - 1];
    return text.substr(start, (number < starts.size() ? starts[number] : text.size()) - start);
}

toml::source_position SourceText::last_key_of_header(toml::source_index number) {
    const toml::table parsed = toml::parse(line(number));
    toml::source_position position{number, 1};
    const toml::table *table = &parsed;
    while (table != nullptr && !table->empty()) {
        // The pair that it points at lives in the iterator.
        const auto first = table->begin();
        position.column = first->first.source().begin.column;
        table = first->second.as_table();
    }
    return position;
}

toml::source_position SourceText::nul_escape(toml::source_position from) {
    toml::source_position position = from;
    std::string_view rest = line(from.line);
    if (rest.empty()) return from;
    // A byte order mark has no column.
    if (from.line == 1 && rest.substr(0, 3) == "\xEF\xBB\xBF") rest.remove_prefix(3);
    const auto is_start = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; };
    toml::source_index column = 1;
    while (!rest.empty() && (column < from.column || !is_start(rest.front()))) {
        rest.remove_prefix(1);
        if (rest.empty() || is_start(rest.front())) column++;
    }
    rest = text.substr(static_cast<size_t>(rest.data() - text.data()));
    for (size_t offset = 0; offset < rest.size(); offset++) {
        if (rest[offset] == '\\') {
            if (rest.substr(offset, 6) == "\\u0000" || rest.substr(offset, 10) == "\\U00000000") return position;
            // The escaped character does not begin another escape.
            offset++;
            position.column++;
            if (offset == rest.size()) break;
        }
        if (rest[offset] == '\n') {
            position = {position.line + 1, 1};
        } else if (is_start(rest[offset])) {
            position.column++;
        }
    }
    return from;
}

} // namespace ctoml
