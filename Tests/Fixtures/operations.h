/* A minimal plugin with one operation, which each fixture changes. */
#ifndef OPERATIONS_H
#define OPERATIONS_H

#include "minimal.h"

static int64_t measure(const martlet_env *env) {
    (void)env;
    return 1;
}

static martlet_operation operation = {
    .size = sizeof(martlet_operation),
    .place = MARTLET_ON_CONTROL,
    .name = TEXT("measure"),
    .signature = TEXT("i64()"),
    .help = TEXT("Measures"),
    .function = (void (*)(void))measure,
};

static const martlet_operations operations = {
    .size = sizeof operations, .operations = &operation, .operation_count = 1};

static const martlet_extension offered = {
    .size = sizeof offered, .id = TEXT(MARTLET_OPERATIONS), .functions = &operations};

static const martlet_plugin *with_operations(void) {
    plugin.extensions = &offered;
    plugin.extension_count = 1;
    return &plugin;
}

#endif
