// toml++ with its assertions, always. Without them it is told to assume what a damaged file can make untrue.
//
// An assertion that fails is one more way in which toml++ says that a text is not TOML, and its parser knows the place. So it throws,
// from where toml++ itself throws its errors. Where it may not throw, the process ends, which is a child of the server.
#pragma once

#include "ctoml.h"

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace ctoml {

// A file that is not taken. Line 0: no place.
struct Refusal {
    unsigned line;
    unsigned column;
    std::string message;
};

template <typename Type, typename = void> struct is_codepoint : std::false_type {};
template <typename Type>
struct is_codepoint<Type, std::void_t<decltype(std::declval<Type>()->position.line)>> : std::is_pointer<Type> {};

// `at` is where toml++'s parser stands, or something else of that name.
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

// What the parser calls the code point it stands at; here, for the assertions elsewhere.
static constexpr int cp = 0;

#define TOML_ASSERT(condition) ((condition) ? (void)0 : ctoml::assertion_failed(cp))
#define TOML_EXCEPTIONS 1
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
#define TOML_MAX_NESTED_VALUES CTOML_DEPTH_LIMIT
// It would undefine TOML_ASSERT.
#undef NDEBUG
#include <toml++/toml.h>
