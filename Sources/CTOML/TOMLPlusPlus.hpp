// toml++ with its assertions always enabled. Without them the compiler assumes conditions that a damaged file can violate.
//
// A failed assertion is another way in which toml++ reports that a text is not TOML, and its parser knows the place. So it
// throws, as toml++ does for its own errors. Where it may not throw, it terminates the process, which is a child of the server.
#pragma once

#include "ctoml.h"

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace ctoml {

// Why a file is refused. Line 0 means no place.
struct Refusal {
    unsigned line;
    unsigned column;
    std::string message;
};

template <typename Type, typename = void> struct is_codepoint : std::false_type {};
template <typename Type>
struct is_codepoint<Type, std::void_t<decltype(std::declval<Type>()->position.line)>> : std::is_pointer<Type> {};

// `at` is what `cp` names at the assertion: the code point that toml++'s parser is at, or something else.
template <typename Type> [[noreturn]] void assertion_failed(const Type &at) {
    if constexpr (is_codepoint<Type>::value) {
        if (at != nullptr) {
            const std::string_view found{at->bytes, at->count};
            throw Refusal{at->position.line, at->position.column,
                          "TOML syntax: unexpected " + (found == "\n" ? "end of the line" : "'" + std::string{found} + "'")};
        }
    }
    throw Refusal{0, 0, "TOML syntax: not understood"};
}

} // namespace ctoml

// The parser's name for the code point that it is at. This one is for assertions outside the parser.
static constexpr int cp = 0;

#define TOML_ASSERT(condition) ((condition) ? (void)0 : ctoml::assertion_failed(cp))
#define TOML_EXCEPTIONS 1
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
#define TOML_MAX_NESTED_VALUES CTOML_DEPTH_LIMIT
// With NDEBUG, toml++ would undefine TOML_ASSERT.
#undef NDEBUG
#include <toml++/toml.h>
