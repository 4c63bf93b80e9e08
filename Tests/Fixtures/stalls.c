/*
 * Echoes lines. The line "stall" blocks its thread until the file "stall-over" exists. The option "hold" names a function
 * that blocks likewise: "create", "destroy" or "loop_start" (on loop 1). With -DWORKERS the callbacks need workers.
 */
#include "minimal.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char file[256] = "stall-over";
struct stalls {
    int holds_create, holds_destroy, holds_loop_start;
};

static void hold(void) {
    while (access(file, F_OK) != 0) usleep(2000);
}

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *given,
                             martlet_instance *instance, const martlet_value *options, void **state) {
    minimal_create(descriptor, given, instance, options, state);
    struct stalls *stalls = calloc(1, sizeof *stalls);
    *state = stalls;
    for (size_t i = 0; i < options->item_count; i++) {
        const martlet_value *item = options->items[i];
        if (item->type == MARTLET_TYPE_PATH)
            snprintf(file, sizeof file, "%.*s", (int)item->text.length, item->text.data);
        if (item->type != MARTLET_TYPE_TEXT) continue;
        stalls->holds_create = item->text.length == 6 && memcmp(item->text.data, "create", 6) == 0;
        stalls->holds_destroy = item->text.length == 7 && memcmp(item->text.data, "destroy", 7) == 0;
        stalls->holds_loop_start = item->text.length == 10 && memcmp(item->text.data, "loop_start", 10) == 0;
    }
    if (stalls->holds_create) hold();
    return MARTLET_OK;
}

static void destroy(void *state) {
    struct stalls *stalls = state;
    if (stalls->holds_destroy) hold();
    free(stalls);
}

static martlet_result loop_start(const martlet_env *env, void **loop_state) {
    struct stalls *stalls = env->state;
    (void)loop_state;
    if (stalls->holds_loop_start && env->loop == 1) hold();
    return MARTLET_OK;
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)env, (void)session;
    if (length >= 6 && memcmp(data, "stall\n", 6) == 0) hold();
    host->write(connection, data, length);
    *consumed = length;
    return MARTLET_OK;
}

#define OPTION(kind, name, standard)                                                                                   \
    {.size = sizeof(martlet_option), .type = kind, .key = TEXT(name), .help = TEXT("What blocks, and how"),            \
     .default_value = TEXT(standard), .minimum = 1, .maximum = 0}
static const martlet_option options[] = {OPTION(MARTLET_TYPE_PATH, "file", "\"stall-over\""),
                                         OPTION(MARTLET_TYPE_TEXT, "hold", "\"\"")};

static int64_t wait_for_file(const martlet_env *env) {
    (void)env;
    hold();
    return 1;
}

#define OPERATION(where, called)                                                                                       \
    {.size = sizeof(martlet_operation), .place = where, .name = TEXT(called), .signature = TEXT("i64()"),              \
     .help = TEXT("Waits for the file"), .function = (void (*)(void))wait_for_file}
static const martlet_operation all[] = {OPERATION(MARTLET_ON_CONTROL, "control"), OPERATION(MARTLET_ON_LOOPS, "loops"),
                                        OPERATION(MARTLET_ON_WORKER, "worker")};
static const martlet_operations operations = {.size = sizeof operations, .operations = all, .operation_count = 3};
static const martlet_extension offered = {
    .size = sizeof offered, .id = TEXT(MARTLET_OPERATIONS), .functions = &operations};

ENTRY {
    plugin.name = (martlet_text)TEXT("stalls");
#ifdef WORKERS
    plugin.threads = MARTLET_THREADS_WORKERS;
#endif
    plugin.options = options;
    plugin.option_count = 2;
    plugin.extensions = &offered;
    plugin.extension_count = 1;
    plugin.create = create;
    plugin.destroy = destroy;
    plugin.loop_start = loop_start;
    plugin.received = received;
    return &plugin;
}
