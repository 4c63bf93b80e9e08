#include "include/templates.h"

/* #embed is C23, but this compiler accepts it in every mode. */
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char file_0[] = {
#embed "../../Templates/common/line-count.toml"
};
static const unsigned char file_1[] = {
#embed "../../Templates/common/gitignore"
};
static const unsigned char file_2[] = {
#embed "../../Templates/c/Makefile"
};
static const unsigned char file_3[] = {
#embed "../../Templates/c/README.md"
};
static const unsigned char file_4[] = {
#embed "../../Plugins/plugin.version"
};
static const unsigned char file_5[] = {
#embed "../../Templates/c/src/line_count.c"
};
static const unsigned char file_6[] = {
#embed "../../SDK/Sources/CMartlet/include/martlet_simulation.h"
};
static const unsigned char file_7[] = {
#embed "../../Templates/c/tests/tests.c"
};
static const unsigned char file_8[] = {
#embed "../../SDK/Sources/CMartlet/include/martlet.h"
};
static const unsigned char file_9[] = {
#embed "../../Templates/cpp/Makefile"
};
static const unsigned char file_10[] = {
#embed "../../Templates/cpp/README.md"
};
static const unsigned char file_11[] = {
#embed "../../Templates/rust/src/database.rs"
};
static const unsigned char file_12[] = {
#embed "../../Templates/cpp/src/line_count.cpp"
};
static const unsigned char file_13[] = {
#embed "../../Templates/common/martlet.mk"
};
static const unsigned char file_14[] = {
#embed "../../Templates/rust/Cargo.toml"
};
static const unsigned char file_15[] = {
#embed "../../Templates/rust/Makefile"
};
static const unsigned char file_16[] = {
#embed "../../Templates/rust/README.md"
};
static const unsigned char file_17[] = {
#embed "../../Templates/rust/src/lib.rs"
};
static const unsigned char file_18[] = {
#embed "../../Templates/rust/src/martlet.rs"
};
static const unsigned char file_19[] = {
#embed "../../Templates/rust/tests/tests.rs"
};
static const unsigned char file_20[] = {
#embed "../../Templates/rust/tests/simulation/mod.rs"
};
static const unsigned char file_21[] = {
#embed "../../Templates/swift/Makefile"
};
static const unsigned char file_22[] = {
#embed "../../Templates/swift/Package.swift"
};
static const unsigned char file_23[] = {
#embed "../../Templates/swift/README.md"
};
static const unsigned char file_24[] = {
#embed "../../Templates/swift/Sources/LineCountPlugin/LineCount.swift"
};
static const unsigned char file_25[] = {
#embed "../../Templates/swift/Sources/LineCountPlugin/LineCountSession.swift"
};
static const unsigned char file_26[] = {
#embed "../../Templates/swift/Tests/LineCountTests/LineCountTests.swift"
};
static const unsigned char file_27[] = {
#embed "../../SDK/Sources/CMartlet/include/martlet/abi.h"
};
static const unsigned char file_28[] = {
#embed "../../SDK/Sources/CMartlet/include/martlet/host.h"
};
static const unsigned char file_29[] = {
#embed "../../SDK/Sources/CMartlet/include/martlet/options.h"
};
static const unsigned char file_30[] = {
#embed "../../SDK/Sources/CMartlet/include/martlet/plugin.h"
};
static const unsigned char file_31[] = {
#embed "../../SDK/Sources/CMartlet/include/martlet/ext/host-info.h"
};
static const unsigned char file_32[] = {
#embed "../../SDK/Sources/CMartlet/include/martlet/ext/operations.h"
};
static const unsigned char file_33[] = {
#embed "../../SDK/Sources/CMartlet/include/martlet/ext/session-state.h"
};
static const unsigned char file_35[] = {
#embed "../../SDK/Sources/CMartlet/include/martlet/ext/groups.h"
};
static const unsigned char file_36[] = {
#embed "../../SDK/Sources/CMartlet/include/martlet/ext/instance-state.h"
};
static const unsigned char file_37[] = {
#embed "../../SDK/Sources/CMartlet/include/martlet/ext/loops.h"
};
static const unsigned char file_38[] = {
#embed "../../SDK/Sources/CMartlet/include/martlet/ext/checkpoints.h"
};
static const unsigned char file_39[] = {
#embed "../../SDK/Sources/CMartlet/include/martlet/ext/transport.h"
};
static const unsigned char file_40[] = {
#embed "../../SDK/Sources/CMartlet/include/martlet/ext/database.h"
};
static const unsigned char file_34[] = {
#embed "../../SDK/Sources/CMartlet/include/martlet/ext/metrics.h"
};
static const unsigned char file_41[] = {
#embed "../../SDK/Sources/CMartlet/include/martlet/ext/users.h"
};

/* martlet.h, the headers that it includes, and martlet_simulation.h. */
#define HEADERS(language)                                                                                              \
    {language, "include/martlet.h", file_8, sizeof file_8},                                                            \
        {language, "include/martlet_simulation.h", file_6, sizeof file_6},                                             \
        {language, "include/martlet/abi.h", file_27, sizeof file_27},                                                  \
        {language, "include/martlet/host.h", file_28, sizeof file_28},                                                 \
        {language, "include/martlet/options.h", file_29, sizeof file_29},                                              \
        {language, "include/martlet/plugin.h", file_30, sizeof file_30},                                               \
        {language, "include/martlet/ext/host-info.h", file_31, sizeof file_31},                                        \
        {language, "include/martlet/ext/checkpoints.h", file_38, sizeof file_38},                                      \
        {language, "include/martlet/ext/database.h", file_40, sizeof file_40},                                         \
        {language, "include/martlet/ext/groups.h", file_35, sizeof file_35},                                           \
        {language, "include/martlet/ext/instance-state.h", file_36, sizeof file_36},                                   \
        {language, "include/martlet/ext/loops.h", file_37, sizeof file_37},                                            \
        {language, "include/martlet/ext/metrics.h", file_34, sizeof file_34},                                          \
        {language, "include/martlet/ext/operations.h", file_32, sizeof file_32},                                       \
        {language, "include/martlet/ext/session-state.h", file_33, sizeof file_33},                                 \
        {language, "include/martlet/ext/transport.h", file_39, sizeof file_39},                                        \
        {language, "include/martlet/ext/users.h", file_41, sizeof file_41}

static const template_file files[] = {
    {"", "line-count.toml", file_0, sizeof file_0},
    {"", ".gitignore", file_1, sizeof file_1},
    {"", "martlet.mk", file_13, sizeof file_13},
    {"c", "Makefile", file_2, sizeof file_2},
    {"c", "README.md", file_3, sizeof file_3},
    {"c", "plugin.version", file_4, sizeof file_4},
    {"c", "src/line_count.c", file_5, sizeof file_5},
    {"c", "tests/tests.c", file_7, sizeof file_7},
    HEADERS("c"),
    {"cpp", "Makefile", file_9, sizeof file_9},
    {"cpp", "README.md", file_10, sizeof file_10},
    {"cpp", "plugin.version", file_4, sizeof file_4},
    {"cpp", "src/line_count.cpp", file_12, sizeof file_12},
    {"cpp", "tests/tests.cpp", file_7, sizeof file_7},
    HEADERS("cpp"),
    {"rust", "Cargo.toml", file_14, sizeof file_14},
    {"rust", "Makefile", file_15, sizeof file_15},
    {"rust", "README.md", file_16, sizeof file_16},
    {"rust", "src/database.rs", file_11, sizeof file_11},
    {"rust", "src/lib.rs", file_17, sizeof file_17},
    {"rust", "src/martlet.rs", file_18, sizeof file_18},
    {"rust", "tests/tests.rs", file_19, sizeof file_19},
    HEADERS("rust"),
    {"rust", "tests/simulation/mod.rs", file_20, sizeof file_20},
    {"swift", "Makefile", file_21, sizeof file_21},
    {"swift", "Package.swift", file_22, sizeof file_22},
    {"swift", "README.md", file_23, sizeof file_23},
    {"swift", "plugin.version", file_4, sizeof file_4},
    {"swift", "Sources/LineCountPlugin/LineCount.swift", file_24, sizeof file_24},
    {"swift", "Sources/LineCountPlugin/LineCountSession.swift", file_25, sizeof file_25},
    {"swift", "Tests/LineCountTests/LineCountTests.swift", file_26, sizeof file_26},
};

size_t template_count(void) { return sizeof files / sizeof *files; }
const template_file *template_at(size_t index) { return &files[index]; }
