#include "TreeWriter.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

namespace ctoml {
namespace {

// Takes nested tables apart without recursion, because their destructor recurses: `a.a.a.a…` can nest tables for half a megabyte.
void dismantle(toml::table &&root) {
    std::vector<toml::table> rest;
    rest.push_back(std::move(root));
    while (!rest.empty()) {
        toml::table table = std::move(rest.back());
        rest.pop_back();
        for (auto &&[key, value] : table) {
            if (toml::table *child = value.as_table()) rest.push_back(std::move(*child));
        }
    }
}

std::string parse(std::string_view bytes) {
    try {
        toml::table root = toml::parse(bytes);
        SourceText text{bytes};
        try {
            return TreeWriter{text}.tree(root);
        } catch (const Refusal &) {
            dismantle(std::move(root));
            throw;
        }
    } catch (const Refusal &refusal) {
        return TreeWriter::error(refusal);
    } catch (const toml::parse_error &error) {
        const toml::source_position position = error.source().begin;
        const std::string description{error.description()};
        const bool is_too_deep = description.find("maximum nested value depth") != std::string::npos;
        return TreeWriter::error({position.line, position.column, is_too_deep ? depth_message() : "TOML syntax: " + description});
    } catch (const std::bad_alloc &) {
        return TreeWriter::error({0, 0, "needs more memory than the parser may use"});
    } catch (const std::exception &error) {
        return TreeWriter::error({0, 0, "TOML: " + std::string{error.what()}});
    } catch (...) {
        return TreeWriter::error({0, 0, "TOML: not understood"});
    }
}

} // namespace
} // namespace ctoml

extern "C" unsigned char *ctoml_parse(const char *text, size_t count, size_t *answer_count) {
    try {
        const std::string answer = ctoml::parse({text, count});
        auto *copy = static_cast<unsigned char *>(std::malloc(answer.size()));
        if (copy == nullptr) return nullptr;
        std::memcpy(copy, answer.data(), answer.size());
        *answer_count = answer.size();
        return copy;
    } catch (...) {
        return nullptr;
    }
}
