#include "TreeWriter.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace ctoml {

std::string depth_message() {
    return "expected at most " + std::to_string(CTOML_DEPTH_LIMIT) + " levels of nested keys and lists";
}

std::string TreeWriter::tree(const toml::table &root) {
    bytes.clear();
    write('T');
    write_table(root, 1);
    return std::move(bytes);
}

std::string TreeWriter::error(const Refusal &refusal) {
    SourceText nothing{std::string_view{}};
    TreeWriter writer{nothing};
    writer.write('E');
    writer.write(static_cast<uint32_t>(refusal.line));
    writer.write(static_cast<uint32_t>(refusal.column));
    writer.write(static_cast<uint32_t>(refusal.message.size()));
    writer.bytes += refusal.message;
    return std::move(writer.bytes);
}

// toml++ sorts the members of a table by key. This restores the order of the file.
void TreeWriter::write_table(const toml::table &table, unsigned depth) {
    std::vector<std::pair<const toml::key *, const toml::node *>> members;
    members.reserve(table.size());
    for (const auto &[key, value] : table) members.emplace_back(&key, &value);
    std::sort(members.begin(), members.end(), [](const auto &left, const auto &right) {
        return left.first->source().begin < right.first->source().begin;
    });
    write(static_cast<uint32_t>(members.size()));
    for (const auto &[key, value] : members) {
        const toml::source_position position = key->source().begin;
        write_text(key->str(), position);
        write_value(*value, position, depth);
    }
}

void TreeWriter::write_list(const toml::array &list, toml::source_position first, unsigned depth) {
    write(static_cast<uint32_t>(list.size()));
    bool is_first = true;
    for (const toml::node &element : list) {
        toml::source_position position = element.source().begin;
        if (const toml::table *table = element.as_table(); table != nullptr && !table->is_inline()) {
            position = is_first ? first : text.last_key_of_header(position.line);
        }
        is_first = false;
        write_value(element, position, depth);
    }
}

void TreeWriter::write_value(const toml::node &node, toml::source_position position, unsigned depth) {
    if (depth > CTOML_DEPTH_LIMIT) throw Refusal{position.line, position.column, depth_message()};
    write(position);
    switch (node.type()) {
    case toml::node_type::boolean:
        write('b');
        write(static_cast<char>(node.as_boolean()->get() ? 1 : 0));
        break;
    case toml::node_type::integer:
        write('i');
        write(static_cast<uint64_t>(node.as_integer()->get()));
        break;
    case toml::node_type::floating_point: {
        const double number = node.as_floating_point()->get();
        uint64_t bits = 0;
        static_assert(sizeof bits == sizeof number);
        std::memcpy(&bits, &number, sizeof bits);
        write('n');
        write(bits);
        break;
    }
    case toml::node_type::string:
        write('s');
        write_text(node.as_string()->get(), node.source().begin);
        break;
    case toml::node_type::array:
        write('l');
        write_list(*node.as_array(), position, depth + 1);
        break;
    case toml::node_type::table:
        write('t');
        write_table(*node.as_table(), depth + 1);
        break;
    default: write('d');
    }
}

void TreeWriter::write_text(std::string_view string, toml::source_position position) {
    // The file contains no NUL, so this one was written as an escape.
    if (string.find('\0') != std::string_view::npos) {
        const toml::source_position escape = text.nul_escape(position);
        throw Refusal{escape.line, escape.column, "expected text, found an escaped NUL"};
    }
    write(static_cast<uint32_t>(string.size()));
    bytes += string;
}

void TreeWriter::write(uint32_t number) {
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(number >> shift & 0xFF));
}

void TreeWriter::write(uint64_t number) {
    write(static_cast<uint32_t>(number));
    write(static_cast<uint32_t>(number >> 32));
}

void TreeWriter::write(toml::source_position position) {
    write(static_cast<uint32_t>(position.line));
    write(static_cast<uint32_t>(position.column));
}

} // namespace ctoml
