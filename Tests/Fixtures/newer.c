/*
 * A plugin of a later minor version: longer structs, members that this host does not know, an extension that it does not know, and
 * one that it asks the host for in vain. It says so to each peer and goes on without.
 */
#include "minimal.h"
#include <stdint.h>

struct longer_option {
    martlet_option known;
    void *unknown[3];
};

struct longer_extension {
    martlet_extension known;
    uint64_t unknown;
};

static const struct longer_option options[] = {
    {{.size = sizeof(struct longer_option), .type = MARTLET_TYPE_INTEGER, .key = TEXT("one"), .default_value = TEXT("1"),
      .minimum = 1},
     {(void *)1, (void *)2, (void *)3}},
    {{.size = sizeof(struct longer_option), .type = MARTLET_TYPE_INTEGER, .key = TEXT("two"), .default_value = TEXT("2"),
      .minimum = 1},
     {(void *)1, (void *)2, (void *)3}},
};

static const struct {
    uint32_t size;
} unknown_functions = {4};

static const struct longer_extension extensions[] = {
    {{sizeof(struct longer_extension), 0, TEXT("martlet.from-the-future/3"), &unknown_functions}, 7},
    {{sizeof(struct longer_extension), 0, TEXT("example.own/1"), &unknown_functions}, 7},
};

static struct {
    martlet_plugin known;
    void (*unknown[8])(void);
} longer;

static int has_future, sum;

static martlet_result create(const martlet_host *given, martlet_instance *instance, const martlet_value *options_given,
                             void **state) {
    martlet_text id = TEXT("martlet.from-the-future/3");
    has_future = given->extension(instance, id) != NULL;
    for (size_t i = 0; i < options_given->item_count; i++) sum += (int)options_given->items[i].integer;
    return minimal_create(given, instance, options_given, state);
}

static int64_t received(void *session, martlet_connection *connection, const uint8_t *data, size_t length) {
    (void)session, (void)data;
    if (has_future) host->write(connection, "the future is here\n", 19);
    else if (sum == 3) host->write(connection, "without the future\n", 19);
    else host->write(connection, "options are wrong!\n", 19);
    return (int64_t)length;
}

static void crash(void) { __builtin_trap(); }

ENTRY {
    longer.known = plugin;
    longer.known.size = sizeof longer;
    longer.known.abi_minor = 99;
    longer.known.options = &options[0].known;
    longer.known.option_count = 2;
    longer.known.extensions = &extensions[0].known;
    longer.known.extension_count = 2;
    longer.known.create = create;
    longer.known.received = received;
    for (int i = 0; i < 8; i++) longer.unknown[i] = crash;
    return &longer.known;
}
